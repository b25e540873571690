-- debug: traceback, getinfo, locals, upvalues, hooks.
local function here() return debug.getinfo(1, "nSlu") end
local i = here()
print(i.name, i.what, i.currentline, i.nups, i.nparams, i.isvararg, i.short_src:match("[^/]*$"))
print(debug.getinfo(print, "S").what, debug.getinfo(print).nups)
local function locals(a, b) local c = a + b; local names = {}; for n = 1, 10 do local k, v = debug.getlocal(1, n); if not k then break end; names[#names + 1] = k .. "=" .. type(v) end; return table.concat(names, " ") end
print(locals(1, 2))
local x, y = 1, 2
local function uses() return x + y end
print(debug.getupvalue(uses, 1), debug.getupvalue(uses, 2), debug.setupvalue(uses, 1, 40), uses(), x)
local function other() return y end
debug.upvaluejoin(uses, 1, other, 1); print(uses(), debug.upvalueid(uses, 1) == debug.upvalueid(other, 1))
local lines = 0
debug.sethook(function(event, line) lines = lines + 1 end, "l")
for n = 1, 5 do local z = n end
debug.sethook()
print(lines > 5, debug.gethook())
local calls = {}
debug.sethook(function(event) local d = debug.getinfo(2, "n"); calls[#calls + 1] = event .. ":" .. tostring(d.name) end, "cr")
math.abs(1)
debug.sethook()
print(calls[2], calls[3])
local counted = 0
debug.sethook(function() counted = counted + 1 end, "", 1000)
local s = 0; for n = 1, 200000 do s = s + n end
debug.sethook()
print(counted > 100, s)
local trace = debug.traceback("message", 1):gsub("[^\n]*/", ""):gsub(":%d+:", ":N:")
print(trace:match("^message\nstack traceback:\n") ~= nil, select(2, trace:gsub("\n", "")) > 2)
local co = coroutine.create(function() local inside = 7; coroutine.yield() end); coroutine.resume(co)
print(debug.getlocal(co, 1, 1), (debug.traceback(co):gsub("[^\n\t]*/", "")))
local reg = debug.getregistry(); print(type(reg), debug.getmetatable("").__index == string, debug.getuservalue(1))
local value = debug.setmetatable(5, { __index = function(n, k) return k .. n end }); print((5).five); debug.setmetatable(5, nil)
