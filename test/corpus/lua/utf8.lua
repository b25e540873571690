-- utf8: encoding, decoding, iterating, offsets, lax decoding, errors.
local s = "aé漢😀z"
print(utf8.len(s), #s, utf8.codepoint(s, 1, -1))
print(utf8.char(97, 233, 28450, 128512, 122) == s, utf8.charpattern)
for p, c in utf8.codes(s) do io.write(p, ":", c, " ") end
print()
print(utf8.offset(s, 3), utf8.offset(s, -1), utf8.offset(s, 0, 3), utf8.offset(s, 10))
print(utf8.len("\xff"), utf8.len("ab\x80"), utf8.len(s, 2, 3), utf8.len("", 1))
print(pcall(utf8.codepoint, "\xff"), pcall(utf8.char, -1), pcall(utf8.len, s, 20))
print(utf8.len("\u{7FFFFFFF}", 1, -1, true), utf8.len("\u{7FFFFFFF}"), "\u{48}\u{49}")
print((pcall(function() for _ in utf8.codes("a\xffb") do end end)))
for ch in s:gmatch(utf8.charpattern) do io.write("<", ch, ">") end
print()
local text, sum = s:rep(3000), 0
for _, c in utf8.codes(text) do sum = (sum * 31 + c) % 1000003 end
print(utf8.len(text), sum)
