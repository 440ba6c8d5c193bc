// LibTorch draws all random numbers from one generator and has one count of threads: tests side by side would share both.
[assembly: DoNotParallelize]
