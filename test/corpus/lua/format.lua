-- string.format in all its conversions.
local f = string.format
print(f("%d|%5d|%-5d|%05d|%+d|% d", 42, 42, 42, 42, 42, 42))
print(f("%i %u", -3, 7))
print(f("%x %X %#x %o %c%c", 255, 255, 255, 8, 76, 117))
print(f("%e %.3e %E %g %g %g", 12345.678, 12345.678, 0.00012, 1e20, 0.0001, 100000))
print(f("%f %.2f %10.3f|%-10.1f|", 3.14159, 3.14159, 3.14159, 3.14159))
print(f("%a %.2a", 1.0, 0.5))
print(f("%s %10s|%-10s|%.2s", "text", "right", "left", "cut"))
print(f("%q", 'a "quoted"\n\0line\r\t\\'), f("%q %q %q", 1, 0.1, math.mininteger))
print(f("%%"), f("%5.1f%%", 99.55), f("%s %s %s", nil, true, 12))
print(f("%s", setmetatable({}, { __tostring = function() return "meta" end })))
print(f("%.14g %.17g", 0.1, 0.1), 1e15, 1e16, 2^53, -0.0, 1/0, -1/0, 100 // 1e308)
print(pcall(f, "%d", 1.5), pcall(f, "%y", 1), pcall(f, "%d"))
print(pcall(f, "%d", "10"), f("%d", "10"), f("%.3f", "2.5"))
local t = {}
for i = 1, 20000 do t[#t + 1] = f("%03d:%5.2f:%s", i % 1000, i / 7, i % 2 == 0) end
local text = table.concat(t, ",")
local h = 0
for i = 1, #text, 7 do h = (h * 33 + text:byte(i)) & 0xffffff end
print(#text, h)
for _, v in ipairs { 0, 1, -1, 255, 1e3, 1e100, 1e-5, 123456789012 } do io.write(f("%g ", v), tostring(v), ";") end
print()
