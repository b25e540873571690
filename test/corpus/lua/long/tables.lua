-- The table library and tables themselves: sort with every kind of order, concat, move, insert, remove, pack, borders, growth.
local function plain(message)
  return (tostring(message):gsub("[^%s:]+:%d+: ", ""))
end
local seed = 12345
local function random(limit)
  seed = (seed * 1103515245 + 12345) & 0x7fffffff
  return seed // 65536 % limit
end

-- sort: sizes, orders, duplicates, strings, records; stable only by a second key.
local function sorted(t, less)
  for i = 2, #t do
    if less then
      if less(t[i], t[i - 1]) then return false end
    elseif t[i] < t[i - 1] then return false end
  end
  return true
end
for _, n in ipairs({ 0, 1, 2, 3, 10, 99, 100, 101, 1000, 4000 }) do
  local a, b, c = {}, {}, {}
  for i = 1, n do
    a[i], b[i], c[i] = random(1000), ("%05d"):format(random(100000)), { key = random(10), id = i }
  end
  table.sort(a)
  table.sort(b, function(x, y) return x > y end)
  local byKey = function(x, y) if x.key ~= y.key then return x.key < y.key end return x.id < y.id end
  table.sort(c, byKey)
  io.write(n, sorted(a) and sorted(b, function(x, y) return x > y end) and sorted(c, byKey) and " ok " or " WRONG ")
end
print()
for _, kind in ipairs({ "ascending", "descending", "equal", "organ", "saw" }) do
  local t = {}
  for i = 1, 1000 do
    t[i] = ({ ascending = i, descending = -i, equal = 7, organ = math.min(i, 1001 - i), saw = i % 13 })[kind]
  end
  local compared = 0
  table.sort(t, function(a, b) compared = compared + 1; return a < b end)
  io.write(kind, sorted(t) and "=" or "!", compared > 0 and "ok " or "none ")
end
print()
local invalid = {}
for i = 1, 100 do invalid[i] = i end
local ok, message = pcall(table.sort, invalid, function() return true end)
print(ok, plain(message))
print(plain(select(2, pcall(table.sort, { 1, "x", 2 }))), plain(select(2, pcall(table.sort, { 1, 2, 3 }, function() error("from order", 0) end))), plain(select(2, pcall(table.sort, { 1, 2 }, 5))), plain(select(2, pcall(table.sort, setmetatable({}, { __len = function() return math.maxinteger end })))))

-- concat, unpack, pack.
print(table.concat({}), table.concat({ 1, 2, 3 }), table.concat({ 1, 2.5, "x" }, ", "), table.concat({ 1, 2, 3 }, "-", 2), table.concat({ 1, 2, 3 }, "-", 2, 2), table.concat({ 1, 2 }, "-", 3), plain(select(2, pcall(table.concat, { 1, {}, 3 }))), plain(select(2, pcall(table.concat, { 1, 2 }, "", 1, 3))))
print(table.unpack({ 1, 2, 3 })) print(table.unpack({ 1, 2, 3 }, 2), table.unpack({ 1, 2, 3 }, -1, 1))
print(table.unpack({}, 1, 3), table.pack().n, table.pack(nil, nil).n, select("#", table.unpack(table.pack(1, nil, 3, nil), 1, 4)), plain(select(2, pcall(table.unpack, {}, 1, 1e8))), plain(select(2, pcall(table.unpack, {}, math.mininteger, math.maxinteger))))

-- insert and remove at each place, with wrong ones.
local list = {}
table.insert(list, "a") table.insert(list, 1, "b") table.insert(list, 2, "c") table.insert(list, 4, "d")
print(table.concat(list, " "), plain(select(2, pcall(table.insert, list, 6, "x"))), plain(select(2, pcall(table.insert, list, 0, "x"))), plain(select(2, pcall(table.insert, list))), plain(select(2, pcall(table.insert, list, 1, 2, 3))))
print(table.remove(list), table.remove(list, 1), table.remove(list, #list + 1), table.remove({}), table.remove({}, 0), table.concat(list, " "), plain(select(2, pcall(table.remove, list, 7))))
local zero = { [0] = "zero", n = 1 }
print(table.remove(zero, 0), zero[0], #zero)

-- move: overlapping both ways, to another table, through metamethods.
print(table.concat(table.move({ 1, 2, 3, 4, 5 }, 1, 3, 3), " "), table.concat(table.move({ 1, 2, 3, 4, 5 }, 3, 5, 1), " "), table.concat(table.move({ 1, 2, 3 }, 2, 3, 4, { "x", "y", "z" }), " "), #table.move({ 1, 2 }, 1, 0, 5))
local seen = {}
table.move(setmetatable({}, { __index = function(_, i) return i * i end }), 1, 4, 11, setmetatable({}, { __newindex = function(_, k, v) seen[#seen + 1] = k .. "=" .. v end }))
print(table.concat(seen, " "), plain(select(2, pcall(table.move, {}, math.mininteger, 0, 1))), plain(select(2, pcall(table.move, {}, 1, math.maxinteger, 2))))
local virtual = setmetatable({}, { __len = function() return 3 end, __index = function(_, i) return "v" .. i end })
print(#virtual, table.concat(virtual, ","), table.unpack(virtual))

-- Keys: floats become integers, nan and nil can't be, booleans and functions can.
local keys = { [1] = "int", [2.0] = "float", [2 ^ 53] = "big" }
print(keys[1.0], keys[2], keys[1 << 53], #keys, pcall(function() keys[0 / 0] = 1 end), keys[0 / 0], keys[nil], plain(select(2, pcall(function() keys[nil] = 1 end))))
keys[print], keys[true], keys[keys] = 1, 2, 3
print(keys[print], keys[true], keys[false], keys[keys])
local sparse = {}
for i = 1, 20 do sparse[1 << i] = i end
local counted = 0
for _ in pairs(sparse) do counted = counted + 1 end
print(counted, sparse[1 << 19], sparse[3])

-- Growth and shrinking: arrays filled forwards, backwards, as a queue and as a stack.
local forwards, backwards, queue = {}, {}, { first = 1, last = 0 }
for i = 1, 15000 do forwards[i] = i end
for i = 15000, 1, -1 do backwards[i] = i end
local passed = 0
for i = 1, 20000 do
  queue.last = queue.last + 1
  queue[queue.last] = i
  if i % 3 ~= 0 then
    passed = passed + queue[queue.first]
    queue[queue.first] = nil
    queue.first = queue.first + 1
  end
end
print(#forwards, #backwards, passed, queue.last - queue.first + 1)
for i = #forwards, 101, -1 do forwards[i] = nil end
print(#forwards, forwards[100], forwards[101])

-- Matrices, a heap and a shortest path.
local n, m = 24, {}
for i = 1, n do
  m[i] = {}
  for j = 1, n do m[i][j] = (i * j) % 7 + (i == j and 1 or 0) end
end
local function times(a, b)
  local c = {}
  for i = 1, n do
    local row = {}
    for j = 1, n do
      local s = 0
      for k = 1, n do s = s + a[i][k] * b[k][j] end
      row[j] = s % 1000003
    end
    c[i] = row
  end
  return c
end
local power = m
for _ = 1, 6 do power = times(power, power) end
print("matrix", power[1][1], power[n][n], power[3][17])
local Heap = {}
Heap.__index = Heap
function Heap:push(cost, value)
  local i = #self + 1
  while i > 1 and self[i // 2][1] > cost do
    self[i] = self[i // 2]
    i = i // 2
  end
  self[i] = { cost, value }
end
function Heap:pop()
  local top, last = self[1], table.remove(self)
  local count, i = #self, 1
  if count > 0 then
    while i * 2 <= count do
      local child = i * 2
      if child < count and self[child + 1][1] < self[child][1] then child = child + 1 end
      if self[child][1] >= last[1] then break end
      self[i] = self[child]
      i = child
    end
    self[i] = last
  end
  return top
end
local size, heap, best = 40, setmetatable({}, Heap), { 0 }
local function weight(x, y) return (x * 37 + y * 61 + x * y) % 9 + 1 end
heap:push(0, 1)
while #heap > 0 do
  local item = heap:pop()
  local cost, cell = item[1], item[2]
  if cost == best[cell] then
    local x, y = (cell - 1) % size, (cell - 1) // size
    for _, step in ipairs({ { 1, 0 }, { 0, 1 }, { -1, 0 }, { 0, -1 } }) do
      local nx, ny = x + step[1], y + step[2]
      if nx >= 0 and ny >= 0 and nx < size and ny < size then
        local to, new = ny * size + nx + 1, cost + weight(nx, ny)
        if not best[to] or new < best[to] then
          best[to] = new
          heap:push(new, to)
        end
      end
    end
  end
end
print("path", best[size * size], best[size])
