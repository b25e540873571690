-- The debug library: information, hooks by call, return, line and count, locals, upvalues, metatables, tracebacks.
local function plain(message)
  return (tostring(message):gsub("[^%s:]+:%d+: ", ""))
end
local first_line = debug.getinfo(1, "l").currentline

-- getinfo: each kind of function, fields asked for one by one.
local function sample(a, b, ...)
  local c = a
  return function() return c, b end
end
local info = debug.getinfo(sample, "nSlutfL")
print(info.what, info.namewhat, info.nups, info.nparams, info.isvararg, info.istailcall, info.func == sample, info.currentline, info.linedefined - first_line, info.lastlinedefined - first_line)
local lines = {}
for line in pairs(info.activelines) do lines[#lines + 1] = line - first_line end
table.sort(lines)
print(table.concat(lines, " "))
info = debug.getinfo(print)
print(info.what, info.short_src, info.source, info.currentline, info.linedefined, info.nups, info.nparams, info.isvararg, debug.getinfo(print, "L").activelines)
print(debug.getinfo(1, "S").what, debug.getinfo(100), plain(select(2, pcall(debug.getinfo, 1, "X"))), plain(select(2, pcall(debug.getinfo, {}))))
local function who() local i = debug.getinfo(2, "nt"); return i.name, i.namewhat, i.istailcall end
local object = { method = function() return who(), nil end, field = function() local a, b, c = who(); return a, b, c end }
local function tail() return who() end
local a, b = object.field()
print(a, b, (object:method()), (tail()))
for _, name in ipairs({ "=given", "@file.lua", "return 1", "return 1\n-- second line", "=" .. ("n"):rep(80), "@" .. ("p"):rep(80) }) do
  io.write(debug.getinfo(load("return 1", name), "S").short_src, "; ")
end
print()

-- Locals and varargs, read and written, in this function, in callers, in other coroutines.
local function locals(x, y, ...)
  local z <const> = "z"
  do local hidden = 1 end
  local out, i = {}, 1
  while true do
    local name, value = debug.getlocal(1, i)
    if not name then break end
    if name:sub(1, 1) ~= "(" and name ~= "out" and name ~= "i" then out[#out + 1] = name .. "=" .. tostring(value) end
    i = i + 1
    if i > 12 then break end
  end
  out[#out + 1] = select(2, debug.getlocal(1, -1)) .. select(2, debug.getlocal(1, -2)) .. tostring(debug.getlocal(1, -3))
  debug.setlocal(1, 1, "changed")
  debug.setlocal(1, -1, "vararg changed")
  out[#out + 1] = x .. " " .. (...)
  return table.concat(out, " ")
end
print(locals(1, 2, "v1", "v2"))
print(debug.getlocal(sample, 1), debug.getlocal(sample, 2), debug.getlocal(sample, 3), plain(select(2, pcall(debug.getlocal, 100, 1))))
local suspended = coroutine.create(function(p) local q = p * 2; coroutine.yield(q); return q end)
coroutine.resume(suspended, 21)
print(debug.getlocal(suspended, 1, 1), select(2, debug.getlocal(suspended, 1, 2)), debug.setlocal(suspended, 1, 2, "injected"), select(2, coroutine.resume(suspended)))

-- Upvalues: names, values, identity, joining.
local closure = sample("first", "second")
print(debug.getupvalue(closure, 1), select(2, debug.getupvalue(closure, 2)), debug.getupvalue(closure, 3), debug.setupvalue(closure, 1, "set"), (closure()))
local other = sample("third", "fourth")
print(debug.upvalueid(closure, 1) == debug.upvalueid(closure, 1), debug.upvalueid(closure, 1) == debug.upvalueid(other, 1))
debug.upvaluejoin(closure, 1, other, 1)
print(debug.upvalueid(closure, 1) == debug.upvalueid(other, 1), closure())
print(debug.getupvalue(string.gmatch("x", "x"), 1), plain(select(2, pcall(debug.upvaluejoin, closure, 9, other, 1))), (debug.getupvalue(load("return x"), 1)))

-- Metatables of every type, user values, the registry.
debug.setmetatable(10, { __index = function(n, k) return k .. n end, __call = function(n, m) return n * m end })
print((5).times, (6)(7))
debug.setmetatable(10, nil)
debug.setmetatable(nil, { __index = function() return "from nil" end })
local nothing
print(nothing.field)
debug.setmetatable(nil, nil)
print(pcall(function() return nothing.field end) == false, type(debug.getregistry()), debug.getmetatable("").__index == string, debug.getuservalue(io.stdout, 1), debug.setmetatable({}, nil) ~= nil)

-- Hooks: every event in order, a count that interrupts an endless loop, lines of a loop, per coroutine.
local events = {}
local function watched(n)
  local m = n + 1
  return m
end
debug.sethook(function(event, line)
  local i = debug.getinfo(2, "nS")
  if i.short_src:find("debugging", 1, true) then events[#events + 1] = event .. (line and ":" .. line - first_line or "") end
end, "crl")
watched(1)
debug.sethook()
print(table.concat(events, " "), debug.gethook())
local counts = 0
debug.sethook(function() counts = counts + 1; if counts == 500 then error("interrupted", 0) end end, "", 100)
print(pcall(function() while true do end end), counts, select(3, debug.gethook()))
debug.sethook()
local executed = {}
local function traced()
  local sum = 0
  for i = 1, 3 do
    sum = sum + i
  end
  return sum
end
local start = debug.getinfo(traced, "S").linedefined
debug.sethook(function(_, line) executed[#executed + 1] = line - start end, "l")
traced()
debug.sethook()
print(table.concat(executed, " ", 1, 9))
local hooked = coroutine.create(function() for i = 1, 3 do coroutine.yield(i) end end)
local yields = 0
debug.sethook(hooked, function() yields = yields + 1 end, "c")
for _ = 1, 3 do coroutine.resume(hooked) end
print(yields, debug.gethook(hooked) ~= nil, debug.gethook() == nil)
local calls, returns, tails = 0, 0, 0
local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end
local function last(n) if n == 0 then return "last" end return last(n - 1) end
debug.sethook(function(event)
  if event == "call" then calls = calls + 1 elseif event == "tail call" then tails = tails + 1 else returns = returns + 1 end
end, "cr")
local value, word = fib(22), last(2000)
debug.sethook()
print(value, word, calls, returns, tails)
local work = 0
debug.sethook(function() work = work + 1 end, "", 1000)
local sum = 0
for i = 1, 1500000 do sum = sum + i % 7 end
debug.sethook()
print(sum, work > 500)

-- Tracebacks: levels, messages, long ones are cut, of coroutines, by xpcall.
local function masked(text)
  return (text:gsub("[^%s<]*debugging%.lua", "FILE"):gsub("FILE:(%d+)", function(n) return "FILE:" .. n - first_line end))
end
local function deep(n) if n == 0 then return (debug.traceback("message", 1)) end return (deep(n - 1)) end
local trace = masked(deep(3)):gsub("\n[^\n]*in main chunk.*", "")
print(trace)
local _, dots = deep(60):gsub("skipping", "")
print(dots, debug.traceback({ 1 }) ~= nil, debug.traceback(nil) ~= "", debug.traceback("only", 200))
local broken = coroutine.create(function() local function inner() error("in coroutine") end inner() end)
coroutine.resume(broken)
print(masked(debug.traceback(broken)))
print(masked(select(2, xpcall(function() local t = nil; t.x = 1 end, debug.traceback))):match("^[^\n]*\n[^\n]*\n[^\n]*"))
print(masked(debug.traceback(broken, "with message", 1)))
