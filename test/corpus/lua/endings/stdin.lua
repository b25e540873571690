for line in io.lines() do print(#line, line:upper()) end
io.stderr:write("done\n")
