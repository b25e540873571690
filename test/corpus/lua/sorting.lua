-- The table library: sort with comparators good and bad, concat, move, pack, unpack, insert, remove; lengths and borders.
local function clean(message) return (tostring(message):gsub("^.-:%d+: ", "")) end
local function fails(f, ...) local ok, e = pcall(f, ...); return "{" .. (ok and "no error" or clean(e)) .. "}" end
local seed = 12345
local function random(n) seed = (seed * 1103515245 + 12345) & 0x7fffffff; return (seed >> 8) % n + 1 end

-- Sorts of many shapes, checked and summed. How often a long sort compares may depend on the clock: only that it does is told.
local shapes = {
  random = function(i) return random(1000) end, rising = function(i) return i end, falling = function(i, n) return n - i end,
  equal = function() return 7 end, saw = function(i) return i % 10 end, organ = function(i, n) return math.min(i, n - i) end,
  floats = function(i) return i % 2 == 0 and random(50) or random(50) + 0.5 end,
}
local orders = { up = function(a, b) return a < b end, down = function(a, b) return a > b end, modular = function(a, b) if a % 7 ~= b % 7 then return a % 7 < b % 7 end return a < b end }
for _, shape in ipairs({ "random", "rising", "falling", "equal", "saw", "organ", "floats" }) do
  local text = {}
  for _, order in ipairs({ "default", "up", "down", "modular" }) do
    local n, list = 500, {}
    for i = 1, n do list[i] = shapes[shape](i, n) end
    local less, calls = orders[order], 0
    table.sort(list, less and function(a, b) calls = calls + 1; return less(a, b) end)
    local right, sum = true, 0
    for i = 1, n do
      if i > 1 and (less or orders.up)(list[i], list[i - 1]) then right = false end
      sum = (sum * 31 + list[i]) % 1000003
    end
    text[#text + 1] = tostring(right) .. " " .. tostring(calls > n) .. " " .. ("%d"):format(sum)
  end
  print(shape, table.concat(text, " | "))
end

-- Strings, records by two keys, and what sort refuses.
local words = {}
for word in ("the Quick brown fox jumps over the lazy dog while 12 Others watch 7 of it"):gmatch("%w+") do words[#words + 1] = word end
table.sort(words)
print(table.concat(words, " "))
table.sort(words, function(a, b) if #a ~= #b then return #a > #b end return a:lower() < b:lower() end)
print(table.concat(words, " "))
local people = {}
for i = 1, 12 do people[i] = { name = ("cabbed"):sub(i % 6 + 1, i % 6 + 1), age = i * 7 % 5, at = i } end
table.sort(people, function(a, b) if a.age ~= b.age then return a.age < b.age end if a.name ~= b.name then return a.name < b.name end return a.at < b.at end)
for _, p in ipairs(people) do io.write(p.age, p.name, p.at, " ") end
print()
local bad = {}
for i = 1, 100 do bad[i] = i * 37 % 101 end
print(fails(table.sort, bad, function() return true end), fails(table.sort, { 1, "x", 2 }), fails(table.sort, { {}, {} }), fails(table.sort, { 1, 2 }, 5))
print(fails(table.sort, { 3, 1, 2 }, function() error("from comparator", 0) end), fails(table.sort, setmetatable({}, { __len = function() return math.maxinteger end })))

-- concat, with bounds, separators, numbers, metamethods.
print(table.concat({}), table.concat({ 1, 2.5, "x" }, ", "), table.concat({ 1, 2, 3 }, "-", 2), table.concat({ 1, 2, 3 }, "-", 2, 2), table.concat({ 1 }, "-", 3, 2))
print(fails(table.concat, { 1, {}, 3 }), fails(table.concat, { 1, 2 }, ",", 1, 3), table.concat(setmetatable({}, { __len = function() return 4 end, __index = function(_, i) return i * i end }), "+"))

-- insert and remove at both ends and outside.
local list = { "a", "b" }
table.insert(list, "c"); table.insert(list, 1, "z"); table.insert(list, #list + 1, "end"); table.insert(list, 3, "mid")
print(table.concat(list, " "), table.remove(list), table.remove(list, 1), table.remove(list, 2), table.concat(list, " "))
print(table.remove({}), table.remove({}, 0), #list, table.remove(list, #list + 1), fails(table.remove, list, 9), fails(table.insert, list, 9, "x"), fails(table.insert, list), fails(table.insert, list, 1, 2, 3))
local log = setmetatable({}, { __len = function() return 3 end, __index = function(_, i) return "i" .. i end, __newindex = function(t, k, v) rawset(t, k, v) end })
table.insert(log, 2, "new")
print(rawget(log, 1), rawget(log, 2), rawget(log, 3), rawget(log, 4))

-- move within, across and overlapping; pack and unpack with holes.
local digits = { 1, 2, 3, 4, 5 }
print(table.concat(table.move(digits, 2, 4, 1), " "), table.concat(table.move({ 1, 2, 3, 4, 5 }, 1, 4, 2), " "), table.concat(table.move({ 1, 2, 3 }, 1, 3, 3, { 9, 9 }), " "), #table.move({ 1, 2 }, 1, 0, 1, {}))
print(fails(table.move, {}, math.mininteger, 0, 1), fails(table.move, {}, 1, math.maxinteger, 2), fails(table.move, {}, 1, 2))
local packed = table.pack(nil, 2, nil, 4, nil)
print(packed.n, packed[2], packed[4], select("#", table.unpack(packed, 1, packed.n)), table.unpack({ 1, 2, 3 }, 2), table.unpack({ 1, 2, 3 }, -1, 1))
print(select("#", table.unpack({}, 1, 250)), fails(table.unpack, {}, 1, 1e7), fails(table.unpack, {}, math.mininteger, math.maxinteger), (table.unpack({ 1, 2 }, 3)))

-- A queue, a stack and a heap on tables.
local sum, queue, heap = 0, {}, {}
for i = 1, 1500 do
  table.insert(queue, random(100))
  if i % 3 == 0 then sum = (sum * 3 + table.remove(queue, 1)) % 1000003 end
  if i % 7 == 0 then table.insert(queue, #queue // 2 + 1, table.remove(queue)) end
  local at = #heap + 1
  heap[at] = random(10000)
  while at > 1 and heap[at // 2] > heap[at] do heap[at], heap[at // 2] = heap[at // 2], heap[at]; at = at // 2 end
end
table.sort(heap, function(a, b) return a > b end)
for i = #heap, 1, -1 do sum = (sum * 31 + heap[i] + (queue[i] or 0)) % 1000003 end
print(sum, #queue, heap[1], heap[#heap])
