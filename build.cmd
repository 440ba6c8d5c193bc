@echo off
rem Builds everything on the NuGet packages. set TORCH=cuda for the CUDA build of LibTorch.
setlocal
where dotnet >nul 2>nul || (echo error: no dotnet on the PATH. Install the .NET 10 SDK: https://dotnet.microsoft.com/download/dotnet/10.0 1>&2 & exit /b 1)
if "%TORCH%"=="" set TORCH=cpu
if not exist "%~dp0artifacts" mkdir "%~dp0artifacts"
>"%~dp0artifacts\stack.props" echo ^<Project^>^<PropertyGroup^>^<Stack^>NuGet^</Stack^>^<Torch^>%TORCH%^</Torch^>^</PropertyGroup^>^</Project^>
dotnet build "%~dp0MLNet.Pruning.sln" -c Release -nologo -v q
exit /b %errorlevel%
