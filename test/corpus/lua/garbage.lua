-- Both collectors under load, finalisers that resurrect, weak tables, ephemerons.
local function work(n) local root = {}; for i = 1, n do root[i % 50] = { i, tostring(i), { i } }; if i % 100 == 0 then root[i % 50] = nil end end; local s = 0; for _, v in pairs(root) do s = s + v[1] end; return s end
for _, mode in ipairs { "incremental", "generational", "incremental" } do print(collectgarbage(mode) ~= nil, work(20000)) end
collectgarbage("stop"); print(collectgarbage("isrunning")); work(2000); collectgarbage("restart"); print(collectgarbage("isrunning"))
print(collectgarbage("step", 0) ~= nil, type(collectgarbage("count")), collectgarbage("setpause", 150) ~= nil, collectgarbage("setstepmul", 200) ~= nil)
local saved
do local x = setmetatable({ value = 9 }, { __gc = function(o) saved = o end }) end
collectgarbage(); collectgarbage(); print(saved and saved.value)
local cache = setmetatable({}, { __mode = "v" })
for i = 1, 100 do cache[i] = { i } end
local keep = cache[50]; collectgarbage(); local left = 0; for _ in pairs(cache) do left = left + 1 end; print(left, keep[1])
local eph = setmetatable({}, { __mode = "k" })
do local k = {}; eph[k] = { k }; local k2 = {}; eph[k2] = "alive"; keep = k2 end
collectgarbage(); local n = 0; for _, v in pairs(eph) do n = n + 1; print(v) end; print(n)
local order = {}
for i = 1, 5 do setmetatable({}, { __gc = function() order[#order + 1] = i end }) end
collectgarbage(); print(table.concat(order, " "))
local strings = {}
for i = 1, 20000 do strings[#strings + 1] = ("k" .. i % 1000):rep(3); if #strings > 100 then strings = {} end end
print(#strings, strings[1])
local list; for i = 1, 50000 do list = { next = list, v = i }; if i % 1000 == 0 then list = nil end end; print(list == nil)
print(pcall(collectgarbage, "nonsense"))
setmetatable({}, { __gc = function() print("at the end") end })
