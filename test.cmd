@echo off
rem Builds and runs the tests that do not belong to the offline stack.
setlocal
call "%~dp0build.cmd" || exit /b 1
set OMP_NUM_THREADS=1
set RESULT=0
for %%P in (Stack.TorchSharp.Tests Stack.MachineLearning.Tests MLNet.Pruning.Core.Tests MLNet.Pruning.Tests) do (
    dotnet test "%~dp0artifacts\bin\%%P\release\%%P.dll" --filter "TestCategory!=Slow" || set RESULT=1
)
exit /b %RESULT%
