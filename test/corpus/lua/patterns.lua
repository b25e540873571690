-- Pattern matching: find, match, gmatch, gsub with strings, tables and functions, %b and %f.
print(("hello world"):find("wor"), ("hello"):find("l", 1, true), ("a.b"):find(".", 1, true), ("x"):find("y"))
print(("key = value"):match("^(%w+)%s*=%s*(%w+)$"), ("2024-05-17"):match("(%d+)-(%d+)-(%d+)"))
print(("THE (quick) fox"):find("%((%a+)%)"), ("f(a(b)c)d"):match("%b()"), ("THE (quick) fox"):gsub("%f[%a]%a+", "<%0>"))
for k, v in ("a=1, b=2, c=3"):gmatch("(%w+)=(%w+)") do io.write(k, "->", v, " ") end
print()
print(("hello"):gsub("l", { l = "L" }), ("hello"):gsub(".", { h = 1, e = "E", l = false }))
print(("abc"):gsub("%w", "%0%0"), ("abc"):gsub("", "-"), ("hello world"):gsub("o", "0", 1))
print(("$name is $age"):gsub("%$(%w+)", function(n) return ({ name = "Ann", age = 7 })[n] end))
print(("  trim  "):match("^%s*(.-)%s*$") .. "|", ("x^2"):gsub("%^", "**"))
print(("äöü"):len(), ("\0a\0"):find("%z"), ("a\0b"):find("\0", 1, true))
print(("aaa"):match("a-"), ("aaa"):match("a-$"), ("aaab"):match("a*b"), ("[[x]]"):match("%[%[(.*)%]%]"))
print(("one;two;;four"):gsub(";;", ";nil;"), ("()"):find("()", 2, true), ("abc"):match("()b()"))
print(pcall(string.gsub, "x", "(", ""), pcall(string.find, "x", "%"), pcall(string.gsub, "x", "x", "%2"))
print(("x"):rep(3, ","), ("abc"):reverse(), ("MiXed"):upper(), ("MiXed"):lower(), ("abc"):sub(-2), ("abc"):sub(2, 10))
local text = ("The rain in Spain stays mainly in the plain. "):rep(400)
local words, longest = {}, ""
for w in text:gmatch("%a+") do words[w] = (words[w] or 0) + 1; if #w > #longest then longest = w end end
print(words.The, words["in"], longest)
local swapped, n = text:gsub("(%w+) (%w+)", "%2 %1")
print(n, swapped:sub(1, 44))
local upper = text:gsub("%w+", function(w) return w:sub(1, 1):upper() .. w:sub(2) end)
local sum = 0
for i = 1, #upper do sum = (sum * 31 + upper:byte(i)) % 1000000007 end
print(sum)
