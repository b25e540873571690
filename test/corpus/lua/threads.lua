-- Coroutines: generators, yields across pcall and metamethods, close, status, errors, threads that meet each other.
local function clean(message) return (tostring(message):gsub("^.-:%d+: ", "")) end
local create, resume, yield, status, wrap = coroutine.create, coroutine.resume, coroutine.yield, coroutine.status, coroutine.wrap

-- Values travel both ways; status tells where it is.
local co
co = create(function(...)
  print("started", select("#", ...), ..., status(co), coroutine.isyieldable(), select(2, coroutine.running()))
  local n = 0
  while n < 3 do n = n + 1; print("given", yield(n, n * n)) end
  return "end", nil
end)
print(status(co), coroutine.isyieldable(), coroutine.isyieldable(co), select(2, coroutine.running()))
for i = 1, 4 do print("seen", resume(co, i, "arg")) end
print(status(co), resume(co))
print(pcall(resume, 5) == false, clean(select(2, pcall(yield))), resume(coroutine.running()))
local outer
outer = create(function()
  local inner = create(function() return status(outer), resume(outer) end)
  return resume(inner)
end)
print(resume(outer))

-- Generators: permutations, a tree in order, primes as a chain of filters.
local function permutations(list, n)
  n = n or #list
  if n <= 1 then return yield(table.concat(list)) end
  for i = 1, n do
    list[n], list[i] = list[i], list[n]
    permutations(list, n - 1)
    list[n], list[i] = list[i], list[n]
  end
end
local count, last = 0, nil
for p in wrap(function() permutations({ "a", "b", "c", "d", "e" }) end) do count, last = count + 1, p; if count <= 6 then io.write(p, " ") end end
print(count, last)
local function insert(tree, v) if not tree then return { v = v } elseif v < tree.v then tree.l = insert(tree.l, v) else tree.r = insert(tree.r, v) end return tree end
local function walk(tree) if tree then walk(tree.l); yield(tree.v); walk(tree.r) end end
local tree
for i = 1, 40 do tree = insert(tree, i * 29 % 41) end
local sorted = {}
for v in wrap(function() walk(tree) end) do sorted[#sorted + 1] = v end
print(#sorted, table.concat(sorted, " ", 1, 12))
local function filter(p, source) return wrap(function() for n in source do if n % p ~= 0 then yield(n) end end end) end
local source, primes = wrap(function() for n = 2, 250 do yield(n) end end), {}
for _ = 1, 30 do local p = source(); primes[#primes + 1] = p; source = filter(p, source) end
print(table.concat(primes, " "))

-- Yields across pcall, xpcall, metamethods, iterators and sort's refusal.
local crossing = wrap(function()
  print(pcall(function() yield("in pcall"); error("after", 0) end))
  print(xpcall(function() return yield("in xpcall") end, clean))
  print(xpcall(function() yield("before error"); error({}) end, function(e) return "handled " .. type(e) end))
  local events = setmetatable({}, {
    __add = function(_, n) return yield("add") + n end, __index = function(_, k) return yield("index " .. k) end,
    __lt = function() return yield("lt") end, __concat = function(_, s) return yield("concat") .. s end,
    __call = function(_, v) return (yield("call " .. v)) end, __close = function() yield("close") end,
    __eq = function() return yield("eq") end, __len = function() return yield("len") end,
  })
  print(events + 1, events.key, events < events, events .. "!", events(7), events == setmetatable({}, getmetatable(events)), #events)
  do local e <close> = events end
  for a, b in function(_, k) return yield("iterator " .. tostring(k)) end do print("loop", a, b) end
  print(clean(select(2, pcall(table.sort, { 3, 2, 1 }, function() yield() end))))
  print(clean(select(2, pcall(string.gsub, "x", "x", function() yield() end))))
  return "done"
end)
local answers = { false, "one", "two", false, 41, "v", true, "s", "c", false, 9, false, 10 }
local step, said = 0, nil
repeat step = step + 1; said = crossing(answers[step] or nil, "second"); print(step, said) until said == "done"

-- close: pending variables are closed, errors in them are told.
local function pending(name, fail) return setmetatable({}, { __close = function(_, e) print("closing", name, type(e) == "table" and "a table" or e); if fail then error(name .. " failed", 0) end end }) end
local paused = create(function() local a <close> = pending("a"); local b <close> = pending("b"); yield(1) end)
print(resume(paused))
print(coroutine.close(paused), status(paused), coroutine.close(paused), coroutine.close(create(print)))
paused = create(function() local a <close> = pending("a"); local b <close> = pending("b", true); yield(1) end)
resume(paused)
print(coroutine.close(paused))
print(resume(create(function() local a <close> = pending("a", true); error("first", 0) end)))
print(pcall(wrap(function() local a <close> = pending("wrapped"); error({ 1 }) end)) == false, clean(select(2, pcall(coroutine.close, coroutine.running()))))
local dead = wrap(function() return 1 end)
print(dead(), clean(select(2, pcall(dead))), clean(select(2, pcall(wrap(function() error("x: thrown") end)))))

-- Many threads in turn, with errors in some, and a deep chain of them.
local queue, sum, failed = {}, 0, 0
for i = 1, 150 do queue[i] = create(function(a) for j = 1, 400 do a = a + yield(a * j % 101) end if i % 5 == 0 then error(i) end return a end) end
local turn = 0
while #queue > 0 do
  turn = turn % #queue + 1
  local ok, v = resume(queue[turn], turn)
  if ok then sum = (sum * 17 + v) % 1000000007 else failed = failed + v end
  if status(queue[turn]) == "dead" then table.remove(queue, turn) end
end
local function chain(n) if n == 0 then return 0 end return 1 + wrap(chain)(n - 1) end
print(sum, failed, chain(100), (select(2, pcall(chain, 1000)):match("C stack overflow")))
