-- Coroutines: generators, pipelines, schedulers, yields across pcall and metamethods, closing, errors, many at once.
local function plain(message)
  return (tostring(message):gsub("[^%s:]+:%d+: ", ""))
end

-- States as seen from inside and outside.
local outer
outer = coroutine.create(function(a, b)
  local me, main = coroutine.running()
  print("inside", me == outer, main, coroutine.status(me), coroutine.isyieldable(), a, b)
  local nested = coroutine.create(function() return coroutine.status(outer) end)
  print(coroutine.resume(nested))
  local c, d = coroutine.yield("first", a + b)
  print("resumed with", c, d)
  return "finished", select("#", coroutine.yield())
end)
print(coroutine.status(outer), coroutine.resume(outer, 3, 4))
print(coroutine.status(outer), coroutine.resume(outer, "c", nil))
print(coroutine.resume(outer, nil, nil, nil))
print(coroutine.status(outer), coroutine.resume(outer))
print(select(2, coroutine.running()), coroutine.isyieldable(), plain(select(2, pcall(coroutine.yield, 1))))
print(plain(select(2, pcall(coroutine.resume, 5))), plain(select(2, pcall(coroutine.create, 5))))

-- Generators: permutations, a tree walk, and a sieve of chained filters.
local function permutations(list, n)
  n = n or #list
  if n <= 1 then
    coroutine.yield(table.concat(list))
  else
    for i = 1, n do
      list[i], list[n] = list[n], list[i]
      permutations(list, n - 1)
      list[i], list[n] = list[n], list[i]
    end
  end
end
local made, hash = 0, 0
for word in coroutine.wrap(function() permutations({ "a", "b", "c", "d", "e", "f", "g", "h" }) end) do
  made = made + 1
  hash = (hash * 31 + word:byte(1) * 7 + word:byte(-1)) & 0xffffffff
end
print("permutations", made, hash)

local function insert(tree, key)
  if not tree then return { key = key } end
  if key < tree.key then tree.left = insert(tree.left, key) else tree.right = insert(tree.right, key) end
  return tree
end
local function walk(tree)
  if tree then
    walk(tree.left)
    coroutine.yield(tree.key)
    walk(tree.right)
  end
end
local tree
for i = 1, 500 do tree = insert(tree, (i * 263) % 1009) end
local previous, ordered, visited = -1, true, 0
for key in coroutine.wrap(function() walk(tree) end) do
  ordered = ordered and previous <= key
  previous, visited = key, visited + 1
end
print("tree", visited, ordered, previous)

local function numbers(limit)
  return coroutine.wrap(function() for i = 2, limit do coroutine.yield(i) end end)
end
local function without(prime, source)
  return coroutine.wrap(function()
    for n in source do
      if n % prime ~= 0 then coroutine.yield(n) end
    end
  end)
end
local source, primes = numbers(500), {}
while true do
  local prime = source()
  if not prime then break end
  primes[#primes + 1] = prime
  source = without(prime, source)
end
print("sieve", #primes, primes[#primes])

-- Yields across pcall, xpcall, metamethods, iterators and to-be-closed variables.
local across = coroutine.wrap(function()
  local ok, e = pcall(function()
    coroutine.yield("in pcall")
    error({ code = coroutine.yield("before error") })
  end)
  coroutine.yield("caught " .. tostring(ok) .. " " .. e.code)
  print(xpcall(function() coroutine.yield("in xpcall"); error("again", 0) end, function(m) return "handled " .. m end))
  local t = setmetatable({}, {
    __index = function(_, k) return coroutine.yield("index " .. k) end,
    __add = function(_, v) return coroutine.yield("add " .. v) end,
    __lt = function() return coroutine.yield("lt") end,
    __concat = function(_, v) return coroutine.yield("concat " .. v) end,
    __call = function(_, v) return coroutine.yield("call " .. v) end,
    __eq = function() return coroutine.yield("eq") end,
  })
  print(t.field, t + 5, t < t, t .. "x", t(9), t == setmetatable({}, getmetatable(t)))
  for v in function() return coroutine.yield("iterator") end do print("iterated", v) end
  do
    local guard <close> = setmetatable({}, { __close = function() coroutine.yield("closing") end })
  end
  return "done"
end)
local value = across()
local turn = 0
while value ~= "done" do
  turn = turn + 1
  io.write("[", tostring(value), "] ")
  if value == "iterator" then value = across(turn % 2 == 0 and turn or nil) else value = across(turn) end
end
print(value, turn)

-- Where no yield is possible.
print(coroutine.resume(coroutine.create(function()
  return plain(select(2, pcall(table.sort, { 3, 2, 1 }, function() coroutine.yield() end))), plain(select(2, pcall(string.gsub, "abc", ".", function() coroutine.yield() end)))
end)))

-- Errors, wrapped and not; resuming the dead and the running; closing with pending variables.
local failing = coroutine.create(function() local x = nil; return x.field end)
local ok, message = coroutine.resume(failing)
print(ok, plain(message), coroutine.status(failing), plain(select(2, coroutine.close(failing))))
print(plain(select(2, pcall(coroutine.wrap(function() error("wrapped", 0) end)))), select(2, pcall(coroutine.wrap(function() error({ "object" }) end)))[1])
local self
self = coroutine.wrap(function() return pcall(self) end)
print(plain(select(3, self())) ~= nil)
local closed = {}
local pending = coroutine.create(function()
  local a <close> = setmetatable({}, { __close = function(_, e) closed[#closed + 1] = "a:" .. tostring(e) end })
  local b <close> = setmetatable({}, { __close = function() closed[#closed + 1] = "b"; error("in closing", 0) end })
  coroutine.yield()
end)
coroutine.resume(pending)
print(coroutine.close(pending))
print(table.concat(closed, " "), coroutine.status(pending), coroutine.close(coroutine.create(print)))
print(plain(select(2, pcall(coroutine.close, coroutine.running()))))

-- A round-robin scheduler with messages.
local inbox, finished = {}, {}
local function task(name, rounds, target)
  return coroutine.create(function()
    local received = 0
    for i = 1, rounds do
      inbox[target] = inbox[target] or {}
      table.insert(inbox[target], name .. i)
      coroutine.yield()
      while inbox[name] and #inbox[name] > 0 do
        table.remove(inbox[name], 1)
        received = received + 1
      end
    end
    finished[#finished + 1] = name .. "=" .. received
  end)
end
local ready = {}
for i = 1, 20 do ready[i] = task("t" .. i, 100 + i, "t" .. (i % 20 + 1)) end
local switches = 0
while #ready > 0 do
  for i = #ready, 1, -1 do
    switches = switches + 1
    assert(coroutine.resume(ready[i]))
    if coroutine.status(ready[i]) == "dead" then table.remove(ready, i) end
  end
end
print("scheduler", switches, #finished, finished[1], finished[20])

-- Thousands alive at once, then dropped.
local alive = {}
for i = 1, 5000 do
  alive[i] = coroutine.wrap(function() local n = i; while true do n = n + coroutine.yield(n) end end)
  alive[i]()
end
local sum = 0
for round = 1, 4 do
  for i = 1, #alive do sum = sum + alive[i](round) end
end
alive = nil
collectgarbage()
print("alive", sum)
-- Coroutines inside coroutines until the limit of C calls, which is an error and no crash.
local depth = 0
local function dive() depth = depth + 1; local ok, e = coroutine.resume(coroutine.create(dive)); return ok, e end
dive()
print("depth", depth > 100 and depth < 300)
