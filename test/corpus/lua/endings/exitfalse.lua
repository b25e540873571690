print(pcall(string.rep)); os.exit(false)
