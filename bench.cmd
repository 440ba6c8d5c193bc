@echo off
rem Measures what the README claims; on Windows without PyTorch unless PYTHON names one that has it.
setlocal
call "%~dp0build.cmd" || exit /b 1
dotnet "%~dp0artifacts\bin\MLNet.Pruning.Benchmarks\release\MLNet.Pruning.Benchmarks.dll" %*
exit /b %errorlevel%
