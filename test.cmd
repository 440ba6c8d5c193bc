@echo off
rem Builds and runs the tests; without Python, those that compare with PyTorch say that they did not run.
setlocal
call "%~dp0build.cmd" || exit /b 1
dotnet test "%~dp0MLNet.Pruning.sln" -c Release --no-build --filter "TestCategory!=Slow&TestCategory!=Cuda"
exit /b %errorlevel%
