-- The string library without patterns: format with every conversion, rep, sub, byte, char, reverse, comparison, buffers.
-- The message that compiling wrong source text gives.
local function wrong(source)
  return select(2, load(source, "=c"))
end
local function plain(message)
  return (tostring(message):gsub("[^%s:]+:%d+: ", ""))
end

-- format: integers.
for _, n in ipairs({ 0, 1, -1, 42, -42, 255, math.maxinteger, math.mininteger }) do
  print(("%d|%5d|%-5d|%05d|%+d|% d|%.3d|%i|%x|%X|%#x|%o|%#o"):format(n, n, n, n, n, n, n, n, n, n, n, n, n))
end
print(("%c%c%c"):format(76, 117, 97), ("%5c|%-5c|"):format(65, 66), #("%c"):format(0))
-- Floats.
for _, x in ipairs({ 0.0, -0.0, 1.0, 0.1, -2.5, 1e10, 1e-10, 123456.789, 1 / 0, -1 / 0, 2 ^ 63, 5e-324 }) do
  print(("%f|%.0f|%10.2f|%-10.1f|%+.1f|%e|%.2E|%g|%.3G|%#.0f"):format(x, x, x, x, x, x, x, x, x, x))
end
for _, x in ipairs({ 1.0, 0.5, -3.75, 1e300, 2 ^ -1074, 1 / 0 }) do
  print(("%a|%.3a|%A|%20a"):format(x, x, x, x))
end
print((("%f"):format(0 / 0):gsub("-", "")), ("%5.1f"):format("3.25"), ("%d"):format("10"), ("%d"):format(3.0), plain(select(2, pcall(string.format, "%d", 3.5))), plain(select(2, pcall(string.format, "%d", "x"))))
-- Strings and %q.
print(("%s|%10s|%-10s|%.2s|%10.3s|%s|%s|%%"):format("text", "right", "left", "cut", "cutright", true, nil))
print(("%s %s"):format(setmetatable({}, { __tostring = function() return "object" end }), 12), ("%.20s|"):format(("long"):rep(10)), ("%s"):format("zero\0inside"):byte(5))
for _, v in ipairs({ "plain", 'with "quotes"', "line\nbreak", "back\\slash", "\0\1\r\t\x7f\xff", "digits\0001", 42, -7, math.mininteger, 0.1, 1e100, 1 / 0, -1 / 0, true }) do
  local quoted = ("%q"):format(v)
  io.write(quoted, load("return " .. quoted)() == v and " same; " or " different; ")
end
print(("%q"):format(nil), ("%q"):format(0 / 0))
for _, bad in ipairs({ "%", "%y", "%d", "%123d", "%.123d", "%0q", "%q", "%-#s", "%10c%" }) do
  io.write(plain(select(2, pcall(string.format, bad, bad == "%q" and {} or nil))), "; ")
end
print()

-- Positions: negative, past the ends, overflow.
local s = "abcdefghij"
for _, range in ipairs({ { 1, 3 }, { -3, -1 }, { 0, 2 }, { 4, 2 }, { -100, 100 }, { 5 }, { math.mininteger, math.maxinteger }, { math.maxinteger }, { -1, 0 } }) do
  io.write("[", s:sub(range[1], range[2]), "] ")
end
print(s:byte(-1), s:byte(11), s:byte(1, 4), select("#", s:byte(1, -1)))
print(string.char(), string.char(0x4c, 0x75, 0x61), plain(select(2, pcall(string.char, 256))), plain(select(2, pcall(string.char, -1))))
print(s:reverse(), (""):reverse(), s:upper():lower() == s, s:len(), #"\0\0", ("ab"):rep(3), ("ab"):rep(3, "-"), ("x"):rep(0), ("x"):rep(-1), #("ab"):rep(10000, ","))
print(plain(select(2, pcall(string.rep, "x", 1 << 62))), plain(select(2, pcall(string.rep, "abc", math.maxinteger // 2))))
print("a" < "b", "a" < "B", "" < "a", "a\0b" < "a\0c", "a\0" > "a", "Z" < "a", "abc" < "abd", "10" < "9", "a" <= "a", not ("a" < "a"))

-- Escapes in source text.
print("\65\066\x43\u{44}\z
       E", "tab\tend", 'single "double"', [[long
bracket]], [==[with ]] inside]==], "\u{20AC}" == "\xE2\x82\xAC", "a\
b")
print(wrong("return '\\400'"), wrong("return '\\xZZ'"), wrong("return '\\u{110000000}'"), wrong("return '\\q'"), wrong("return [==[ open"))

-- Buffers: growing by concatenation, by table, crossing the sizes of short strings and stack buffers.
local text = ""
for i = 1, 3000 do text = text .. string.char(97 + i % 26) end
local parts = {}
for i = 1, 40000 do parts[i] = string.char(97 + i % 26) end
local joined = table.concat(parts)
print(#text, #joined, joined:sub(1, 3000) == text, joined:sub(-5))
for _, n in ipairs({ 39, 40, 41, 255, 256, 1023, 1024, 1025, 8191, 8192 }) do
  local made = ("z"):rep(n)
  local other = table.concat({ ("z"):rep(n - 1), "z" })
  io.write(n, made == other and "=" or "!", (made:upper():reverse() == ("Z"):rep(n)) and "=" or "!", ({ [made] = true })[other] and "= " or "! ")
end
print()

-- A checksum, a cipher and run lengths, byte by byte.
local function adler(data)
  local a, b = 1, 0
  for i = 1, #data do
    a = (a + data:byte(i)) % 65521
    b = (b + a) % 65521
  end
  return b << 16 | a
end
local function crc32(data)
  local crc = 0xffffffff
  for i = 1, #data do
    crc = crc ~ data:byte(i)
    for _ = 1, 8 do crc = (crc >> 1) ~ (0xedb88320 & -(crc & 1)) end
  end
  return crc ~ 0xffffffff
end
print(("%08x %08x %08x"):format(adler(joined), crc32("123456789"), crc32(joined:sub(1, 20000))))
local function rot(data, by)
  local out = {}
  for i = 1, #data do out[i] = string.char((data:byte(i) - 97 + by) % 26 + 97) end
  return table.concat(out)
end
print(rot(rot(text, 13), 13) == text, rot("uryyb", 13))
local function squeeze(data)
  local out, i = {}, 1
  while i <= #data do
    local c, n = data:sub(i, i), 1
    while data:sub(i + n, i + n) == c do n = n + 1 end
    out[#out + 1] = n .. c
    i = i + n
  end
  return table.concat(out)
end
print(squeeze("aaabccddddd"), squeeze(("ab"):rep(3)), #squeeze(joined:sub(1, 5000)))
-- Numbers to text and back, at full precision.
local exact = 0
local x = 0.1
for i = 1, 20000 do
  x = x * 1.37 % 1000 + 1 / i
  if tonumber(("%.17g"):format(x)) == x and tonumber(("%a"):format(x)) == x then exact = exact + 1 end
end
print("exact", exact)
