-- Ends by os.exit(7, true): the state closes first, pending variables and finalisers run, output is flushed.
local held <close> = setmetatable({}, { __close = function() print("closed by leaving") end })
KEPT = {}
for i = 1, 3 do KEPT[i] = setmetatable({}, { __gc = function() print("finalised", i) end }) end
print(pcall(function() local inner <close> = setmetatable({}, { __close = function() print("inner closed") end }); error("stop", 0) end))
coroutine.wrap(function() local paused <close> = setmetatable({}, { __close = function() print("never: it is still paused") end }); coroutine.yield() end)()
local function deep(n) if n == 0 then os.exit(7, true) end deep(n - 1) return n end
deep(100)
