@echo off
rem The main job, from nothing: build, then train, evaluate, save, load and predict.
setlocal
call "%~dp0build.cmd" || exit /b 1
dotnet "%~dp0artifacts\bin\MLNet.Pruning.Tool\release\mlprune.dll" quickstart %*
exit /b %errorlevel%
