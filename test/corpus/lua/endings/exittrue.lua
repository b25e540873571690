-- Ends by os.exit(true) from within a coroutine within a pcall: status 0, no finaliser runs, output is flushed.
setmetatable({}, { __gc = function() print("never: the state is not closed") end })
io.write("no newline at the end")
pcall(coroutine.wrap(function() os.exit(true) end))
print("never reached")
