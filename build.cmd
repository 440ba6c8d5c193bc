@echo off
rem Builds everything. set TORCH=cuda for the CUDA build of LibTorch. build.cmd pack builds the packages: artifacts\packages.
where dotnet >nul 2>nul || (echo error: no dotnet on the PATH. Install the .NET 10 SDK: https://dotnet.microsoft.com/download/dotnet/10.0 1>&2 & exit /b 1)
if "%1"=="pack" (
    dotnet pack "%~dp0build\packages.slnf" -c Release -nologo -v q
    exit /b
)
dotnet build "%~dp0MLNet.Pruning.sln" -c Release -nologo -v q
exit /b %errorlevel%
