-- Ends by an error whose value is a table that can't be shown.
io.stdout:setvbuf("full"); print("written before the error"); error({ code = 3 })
