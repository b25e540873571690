-- Ends by an error in nested frames of Lua and C: the traceback goes to stderr.
local function order(a, b) if a == 3 then local nothing; return nothing.field end return a < b end
local function middle(list) table.sort(list, order) return list end
local co = coroutine.wrap(function() return middle({ 5, 3, 4, 1 }) end)
print(pcall(string.rep)); co()
