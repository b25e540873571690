-- Coroutines: generators, yields across pcall and metamethods, closing, wrapping, errors.
local function range(n) return coroutine.wrap(function() for i = 1, n do coroutine.yield(i) end end) end
local sum = 0
for i in range(20000) do sum = sum + i end
print(sum)
local co = coroutine.create(function(a, b)
  print("start", a, b)
  local c = coroutine.yield(a + b)
  local ok, e = pcall(function()
    local d = coroutine.yield(c * 2)
    error("failed with " .. d)
  end)
  print(ok, (e:gsub("^.-:%d+: ", "")), coroutine.isyieldable(), coroutine.running())
  return "end", 99
end)
local function hide(...) local t = table.pack(...); for i = 1, t.n do if type(t[i]) == "thread" then t[i] = "thread" end end; return table.unpack(t, 1, t.n) end
local realPrint = print
print = function(...) realPrint(hide(...)) end
print(coroutine.status(co), coroutine.resume(co, 1, 2))
print(coroutine.resume(co, 21))
print(coroutine.status(co), coroutine.resume(co, "x"))
print(coroutine.status(co), coroutine.resume(co))
print(coroutine.isyieldable(), select(2, coroutine.running()))
local closing = coroutine.create(function()
  local guard <close> = setmetatable({}, { __close = function() print("closed") end })
  coroutine.yield(1)
end)
coroutine.resume(closing)
print(coroutine.close(closing), coroutine.status(closing))
local bad = coroutine.wrap(function() error({ kind = "object" }) end)
local ok, e = pcall(bad); print(ok, type(e), e.kind)
local meta = setmetatable({}, { __add = function(a, b) return coroutine.yield("in add") end, __index = function(t, k) return coroutine.yield("in index " .. k) end })
local through = coroutine.wrap(function() local r = meta + 1; local s = meta.field; return r .. s end)
print(through(), through("left "), through("right"))
-- A producer, a filter and a consumer.
local function producer() return coroutine.create(function() for i = 1, 50 do coroutine.yield("line " .. i) end end) end
local function filter(from) return coroutine.create(function()
  local n = 0
  while true do local _, line = coroutine.resume(from); if not line then return end; n = n + 1; if n % 10 == 0 then coroutine.yield(n .. ":" .. line) end end
end) end
local f = filter(producer())
while true do local _, v = coroutine.resume(f); if not v then break end; print(v) end
-- Permutations, recursive.
local function permute(a, n) if n == 0 then coroutine.yield(a) else for i = 1, n do a[n], a[i] = a[i], a[n]; permute(a, n - 1); a[n], a[i] = a[i], a[n] end end end
local count, last = 0, nil
for p in coroutine.wrap(function() permute({ 1, 2, 3, 4, 5, 6 }, 6) end) do count = count + 1; last = table.concat(p, " ") end
print(count, last)
-- table.sort can't be yielded across, and says so.
print(coroutine.resume(coroutine.create(function() table.sort({ 3, 2, 1 }, function(a, b) coroutine.yield() end) end)))
