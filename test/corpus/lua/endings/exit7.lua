local g = setmetatable({}, { __gc = function() print("collected at close") end })
io.write("not flushed yet")
os.exit(7, true)
