-- goto, varargs, closures, upvalues, tail calls, numeric edge cases of loops, multiple assignment.
for i = 1, 3 do for j = 1, 3 do if j == 2 then goto continue end; io.write(i, ",", j, " "); ::continue:: end end
print()
do local n = 0; ::top:: n = n + 1; if n < 1000 then goto top end; print(n) end
local function count(...) return select("#", ...), ... end
print(count(), count(nil), count(1, nil, 3, nil))
local function tail(n, acc) if n == 0 then return acc end; return tail(n - 1, acc + n) end
print(tail(100000, 0))
local counters = {}
for i = 1, 3 do local n = i * 10; counters[i] = function() n = n + 1; return n end end
print(counters[1](), counters[1](), counters[2](), counters[3]())
local function shared() local n = 0; return function() n = n + 1; return n end, function() return n end end
local up, get = shared(); up(); up(); print(get())
for i = 3, 1, -1 do io.write(i, " ") end; for i = 1, 0 do io.write("never") end; for x = 1, 2, 0.25 do io.write(x, " ") end
print(pcall(function() for i = 1, 10, 0 do end end))
for i = math.maxinteger - 1, math.maxinteger do io.write(i, " ") end; print()
local a, b, c = (function() return 1, 2, 3 end)(); a, b = b, a; print(a, b, c, (count(1, 2)))
local t = { (function() return 1, 2 end)(), (function() return 3, 4 end)() }; print(#t)
print(1 and 2, nil and 1, false or "x", nil or false, not nil, 1 < 2 == true, "a" < "b", 2 ^ 3 ^ 2, -2 ^ 2)
local r = 0; repeat local done = r > 5; r = r + 1 until done; print(r)
local function fib(n) if n < 2 then return n end; return fib(n - 1) + fib(n - 2) end; print(fib(20))
local function ack(m, n) if m == 0 then return n + 1 elseif n == 0 then return ack(m - 1, 1) end; return ack(m - 1, ack(m, n - 1)) end; print(ack(2, 30))
local function Y(f) return (function(x) return x(x) end)(function(x) return f(function(...) return x(x)(...) end) end) end
print(Y(function(self) return function(n) return n == 0 and 1 or n * self(n - 1) end end)(15))
local long = {}; for i = 1, 250 do long[i] = "x" .. i end; print(#table.concat(long), select(200, table.unpack(long)))
