-- Collection: incremental and generational, weak tables, ephemerons, finalisers, resurrection, parameters, churn of every type.
local function plain(message)
  return (tostring(message):gsub("[^%s:]+:%d+: ", ""))
end
local mode = collectgarbage("incremental")
collectgarbage("restart")

-- Modes and what switching tells.
print(collectgarbage("generational"), collectgarbage("incremental"), collectgarbage("generational", 20, 100), collectgarbage("incremental", 200, 100, 13), collectgarbage("isrunning"))
print(collectgarbage("stop"), collectgarbage("isrunning"), collectgarbage("restart"), collectgarbage("isrunning"), type(collectgarbage("count")), math.type(collectgarbage("count")), collectgarbage("setpause", 150) == 200, collectgarbage("setpause", 200), collectgarbage("setstepmul", 100) ~= nil)
print(collectgarbage(), collectgarbage("collect"), plain(select(2, pcall(collectgarbage, "nothing"))))
local stepped = 0
repeat stepped = stepped + 1 until collectgarbage("step", 10)
print(stepped >= 1)

-- Weak keys, weak values, both; strings are values; ephemerons chained.
local function count(t) local n = 0; for _ in pairs(t) do n = n + 1 end return n end
local function weak(kind) return setmetatable({}, { __mode = kind }) end
local keys, both, kept = weak("k"), weak("kv"), {}
local vals = weak("v")
for i = 1, 100 do
  local object = { i }
  if i % 4 == 0 then kept[#kept + 1] = object end
  keys[object], vals[i], both[{}] = i, object, object
  vals["s" .. i] = "string " .. i
end
collectgarbage()
print(count(keys), count(vals), count(both), #kept)
local chain = weak("k")
local head = {}
do
  local link = head
  for i = 1, 500 do
    local after = {}
    chain[link] = after
    link = after
  end
end
collectgarbage()
print(count(chain))
local link, length = head, 0
while chain[link] do link, length = chain[link], length + 1 end
print(length)
head, link = nil, nil
collectgarbage()
print(count(chain))
local cycle = weak("k")
do local a, b = {}, {}; cycle[a], cycle[b] = b, a end
collectgarbage()
print(count(cycle))

-- Finalisers: order, resurrection, once each, set too late, errors, objects made by them, closures they hold.
local order, saved = {}, nil
for i = 1, 6 do setmetatable({ i }, { __gc = function(o) order[#order + 1] = o[1]; if o[1] == 3 then saved = o end end }) end
collectgarbage()
print(table.concat(order, " "), saved[1])
saved = nil
collectgarbage()
print(#order)
local late = {}
local metatable = {}
do local o = setmetatable({}, metatable) end
metatable.__gc = function() late[1] = "called" end
collectgarbage()
print(late[1])
local again, lives = nil, 0
local nine = {}
nine.__gc = function(o) lives = lives + 1; again = o; if lives < 9 then setmetatable(o, nine) end end
setmetatable({}, nine)
for _ = 1, 12 do again = nil; collectgarbage() end
print(lives, again)
local born, died = 0, 0
local function spawn(generation)
  born = born + 1
  setmetatable({}, { __gc = function() died = died + 1; if generation > 0 then spawn(generation - 1) end end })
end
for _ = 1, 50 do spawn(3) end
for _ = 1, 6 do collectgarbage() end
print(born, died)
local order_of_two = {}
do
  local inner = setmetatable({ "inner" }, { __gc = function(o) order_of_two[#order_of_two + 1] = o[1] end })
  setmetatable({ "outer", inner }, { __gc = function(o) order_of_two[#order_of_two + 1] = o[1] .. " sees " .. o[2][1] end })
end
collectgarbage()
print(table.concat(order_of_two, ", "))
print(pcall(collectgarbage, "step"), collectgarbage("isrunning"))

-- Churn in each mode: the survivors are always right.
local function churn(rounds)
  local live, sum = {}, 0
  for i = 1, rounds do
    local slot = i * 7919 % 257 + 1
    local neighbour = live[slot % 257 + 1]
    live[slot] = { i, tostring(i), function() return i end, { next = type(neighbour) == "table" and neighbour[1] } }
    if i % 5 == 0 then live[(i * 31) % 257 + 1] = coroutine.wrap(function() local n = i; while true do coroutine.yield(n) end end) end
    local seen = live[(i * 17) % 257 + 1]
    if type(seen) == "table" then
      assert(seen[2] == tostring(seen[1]) and seen[3]() == seen[1])
      sum = sum + seen[1]
    elseif seen then
      sum = sum + seen()
    end
  end
  return sum
end
for _, setting in ipairs({ { "incremental", 200, 100 }, { "incremental", 120, 400 }, { "generational", 10, 50 }, { "generational", 50, 100 }, { "incremental", 1000, 25 } }) do
  collectgarbage(table.unpack(setting))
  print(setting[1], churn(6000))
end
for i = 1, 20 do
  collectgarbage(i % 2 == 0 and "generational" or "incremental")
  churn(100)
end
collectgarbage("generational")
local old = {}
for i = 1, 2000 do old[i] = { i } end
collectgarbage("step")
for i = 1, 4000 do old[i % 2000 + 1].touched = { i } end
collectgarbage("step")
local touched = 0
for i = 1, 2000 do touched = touched + old[i].touched[1] end
print("touched", touched)
collectgarbage("incremental", 200, 100, 13)

-- Memory comes back; a stopped collector keeps all; a step at a time finishes a cycle.
local before = collectgarbage("count")
local bulk = {}
for i = 1, 20000 do bulk[i] = ("%d"):format(i) .. "x" end
local full = collectgarbage("count")
bulk = nil
collectgarbage()
local after = collectgarbage("count")
print(full > before, after < full, after < before + 200)
collectgarbage("stop")
local witness = weak("v")
witness[1] = {}
for i = 1, 5000 do local t = { i } end
print(witness[1] ~= nil)
collectgarbage("restart")
local steps = 0
while witness[1] and steps < 100000 do collectgarbage("step", 1); steps = steps + 1 end
print(witness[1])

-- Interned strings, long strings, and tables that are rehashed while they die.
local interned = {}
for round = 1, 3 do
  for i = 1, 4000 do interned[i] = "key" .. i * round end
  local t = {}
  for i = 1, 4000 do t[interned[i]] = i end
  local wrong = 0
  for i = 1, 4000 do if t["key" .. i * round] ~= i then wrong = wrong + 1 end end
  print(round, wrong)
end
local registry = weak("k")
for i = 1, 6000 do registry[{}] = i; if i % 1500 == 0 then collectgarbage() end end
collectgarbage()
print(count(registry))
-- Objects still alive at the end are finalised when the state closes.
LAST = LAST or setmetatable({}, { __gc = function() print("finalised at the end") end })
collectgarbage(mode)
