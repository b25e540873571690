-- table functions, sorting with comparators, the length operator, moving.
local t = { 5, 2, 8, 1, 9, 3 }
table.sort(t); print(table.concat(t, " "))
table.sort(t, function(a, b) return a > b end); print(table.concat(t, " "))
table.insert(t, 4); table.insert(t, 1, 10); print(table.concat(t, ","), table.remove(t), table.remove(t, 1), #t)
print(table.unpack({ 1, 2, 3 }, 2), table.unpack({}, 1, 3), table.pack(nil, nil).n)
print(table.concat(table.move({ 1, 2, 3 }, 1, 3, 2), ","), table.concat(table.move({ 1, 2, 3 }, 2, 3, 1), ","), #table.move({ 1, 2 }, 1, 2, 5, {}))
print(pcall(table.concat, { 1, {}, 3 }), pcall(table.insert, { 1 }, 5, 2), pcall(table.sort, { 1, "x" }))
print((select(2, pcall(table.sort, { 3, 1, 2, 5, 4, 7, 6, 9, 8, 10, 12, 11 }, function() return true end)):gsub("^.-:%d+: ", "")))
local seed = 42
local function random() seed = (seed * 1103515245 + 12345) % 2147483648; return seed end
local big = {}
for i = 1, 4000 do big[i] = { key = random() % 1000, order = i } end
table.sort(big, function(a, b) if a.key ~= b.key then return a.key < b.key end; return a.order < b.order end)
local ok = true
for i = 2, #big do local a, b = big[i - 1], big[i]; ok = ok and (a.key < b.key or a.key == b.key and a.order < b.order) end
print(ok, big[1].key, big[#big].key)
local words = {}
for w in ("the quick brown fox jumps over the lazy dog and runs away from the bear"):gmatch("%a+") do words[#words + 1] = w end
table.sort(words, function(a, b) return #a < #b or #a == #b and a < b end)
print(table.concat(words, " "))
local holes = { 1, 2, nil, 4 }
print(select("#", table.unpack(holes, 1, 4)), next({}, nil), rawlen({ n = 1 }))
local q, head, tail = {}, 1, 0
for i = 1, 30000 do tail = tail + 1; q[tail] = i; if i % 3 == 0 then q[head] = nil; head = head + 1 end end
print(tail - head, q[head])
local matrix = {}
for i = 1, 60 do matrix[i] = {}; for j = 1, 60 do matrix[i][j] = (i * j) % 7 end end
local trace = 0
for i = 1, 60 do for j = 1, 60 do local s = 0; for k = 1, 60 do s = s + matrix[i][k] * matrix[k][j] end; if i == j then trace = trace + s end end end
print(trace)
