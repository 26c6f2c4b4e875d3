@rem A task of the Windows Task Scheduler: every morning at 06:15, in the folder with driftline.toml.
@rem Type this once, as the user who runs it; tokens come from the key store (token_keyring).
schtasks /Create /TN driftline /SC DAILY /ST 06:15 /F /TR "cmd /c cd /d \"%USERPROFILE%\driftline\" && \"%USERPROFILE%\.local\bin\driftline.exe\" run --quiet"
