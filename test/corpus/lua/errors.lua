-- setjmp and longjmp in earnest: nested errors by the ten thousand, stack overflow, errors in handlers and finalisers.
local caught, depth = 0, 0
local function nest(n) depth = depth + 1; if n == 0 then error({ n = depth }) end; local ok, e = pcall(nest, n - 1); if n % 3 == 0 then return e end; error(e) end
for i = 1, 4000 do local ok, e = pcall(nest, i % 7); if not ok then caught = caught + 1 end end
print(caught, depth)
local total = 0
for i = 1, 20000 do local ok, e = pcall(error, i); total = total + e end
print(total)
local function forever(n) return 1 + forever(n + 1) end
local ok, e = pcall(forever, 1); print(ok, (e:gsub("^.-:%d+: ", ""):match("^stack overflow")))
local deep = setmetatable({}, {}); getmetatable(deep).__index = function(t, k) return t[k + 1] end
ok, e = pcall(function() return deep[1] end); print(ok, e:match("C stack overflow") or e:match("stack overflow"))
print(select("#", pcall(string.rep, "x", -1)), pcall(string.rep, "x", 1 << 40))
print(xpcall(error, function(m) return "handler " .. m end, "argument"))
print(xpcall(error, function() error("again") end, "x"))
print(pcall(function() local x <close> = setmetatable({}, { __close = function() error("in close", 0) end }); error("first", 0) end))
print(pcall(error, nil), pcall(error, setmetatable({}, { __tostring = function() return "obj" end })))
local function level(n) error("at level", n) end
print(pcall(level, 1), pcall(level, 2), pcall(level, 0))
print(pcall(function() return {} .. "x" end), pcall(function() return 1 < "2" end), pcall(function() return #5 end), pcall(function() local a; a.b.c = 1 end))
print(pcall(function() undefinedFunction() end), pcall(function() return ("x").y.z end), pcall(next, {}, "nokey"))
local co = coroutine.wrap(function() local ok, e = pcall(function() coroutine.yield(1); error("after yield", 0) end); coroutine.yield(e); error("last", 0) end)
print(co(), co(), pcall(co))
print(select(2, load("x = = 1", "=chunk")), select(2, load("for", "=chunk")), select(2, load("goto nowhere", "=chunk")), select(2, load("'open", "=chunk")))
