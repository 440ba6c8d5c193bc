@echo off
rem Builds everything. set TORCH=cuda for the CUDA build of LibTorch.
where dotnet >nul 2>nul || (echo error: no dotnet on the PATH. Install the .NET 10 SDK: https://dotnet.microsoft.com/download/dotnet/10.0 1>&2 & exit /b 1)
dotnet build "%~dp0MLNet.Pruning.sln" -c Release -nologo -v q
exit /b %errorlevel%
