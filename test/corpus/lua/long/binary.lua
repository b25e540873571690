-- string.pack and unpack with every option, and the utf8 library.
local function plain(message)
  return (tostring(message):gsub("[^%s:]+:%d+: ", ""))
end
local function hex(s)
  return (s:gsub(".", function(c) return ("%02x"):format(c:byte()) end))
end

-- Integers of each size, both orders, signed and not.
for _, form in ipairs({ "<b", "<B", "<h", ">H", "<i3", ">I3", "<i4", ">l", "<j", ">J", "<T", "<i7", ">i16", "<I16", "=I2", "!4 i4" }) do
  local packed = string.pack(form, 100)
  local value, after = string.unpack(form, packed)
  io.write(form, "=", hex(packed), ",", value, ",", after, ",", string.packsize(form), " ")
end
print()
for _, form in ipairs({ "<i1", ">i2", "<i3", ">i5", "<i8", ">i9", "<i16" }) do
  io.write(form, "=", hex(string.pack(form, -2)), ",", (string.unpack(form, string.pack(form, -2))), " ")
end
print()
-- Floats, strings, padding, alignment.
print(hex(string.pack("<f", 1.5)), hex(string.pack(">d", -0.1)), hex(string.pack("<n", 2 ^ 70)), string.unpack("<d", string.pack("<d", 0.1)) == 0.1, (string.unpack("<f", string.pack("<f", 0.1))) == 0.1)
print(hex(string.pack("z", "zero")), hex(string.pack("<s1", "one")), hex(string.pack(">s2", "two")), hex(string.pack("<s4", "")), hex(string.pack("c6", "pad")), string.unpack("z", "end\0more"))
print(hex(string.pack("<!4 b i4 !2 h", 1, 2, 3)), hex(string.pack("<b Xi4 i4", 1, 2)), hex(string.pack(">!8 b Xd d", 1, 1)), hex(string.pack("<bxxb", 1, 2)), string.packsize("<!8 b d i2"))
print(string.unpack("<i2 >i2 z s1", "\1\0\0\1text\0\3abc"))
print(string.unpack("<I2", "\1\2\3\4", 3), string.unpack("<I2", "\1\2\3\4", -2))
for _, case in ipairs({ { "i17", 1 }, { "<i1", 200 }, { "<I1", -1 }, { "z", "a\0b" }, { "c2", "abc" }, { "s1", ("x"):rep(256) }, { "!3 i4", 1 }, { "Xz", 1 }, { "y", 1 }, { "i0", 1 }, { "c", 1 } }) do
  io.write(plain(select(2, pcall(string.pack, case[1], case[2]))), "; ")
end
print()
for _, case in ipairs({ { "<i4", "abc" }, { "z", "no end" }, { "<s4", "\255\0\0\0" }, { "<i16", ("\255"):rep(8) .. ("\1"):rep(8) }, { "<i4", "abcd", 9 } }) do
  io.write(plain(select(2, pcall(string.unpack, case[1], case[2], case[3]))), "; ")
end
print(plain(select(2, pcall(string.packsize, "z"))))
-- A record file in memory: written, read back, changed.
local records = {}
for i = 1, 11000 do records[i] = string.pack("<I4 d s2 i1", i, i / 3, ("name%d"):format(i), i % 100 - 50) end
local blob, at, sum, letters, small = table.concat(records), 1, 0, 0, 0
for i = 1, 11000 do
  local id, value, name, tiny
  id, value, name, tiny, at = string.unpack("<I4 d s2 i1", blob, at)
  sum = sum + id * value
  letters, small = letters + #name, small + tiny
end
print(#blob, at, ("%.3f"):format(sum), letters, small)

-- utf8: encoding, decoding, positions, strictness.
print(utf8.char(), utf8.char(72, 228, 8364, 128512), hex(utf8.char(0x7f, 0x80, 0x7ff, 0x800, 0xffff, 0x10000, 0x10ffff)), #utf8.char(0x7fffffff), plain(select(2, pcall(utf8.char, -1))))
local mixed = "aé€😀z"
print(utf8.len(mixed), #mixed, utf8.len(mixed, 2), utf8.len(mixed, -1), utf8.len("\xff"), utf8.len("ab\x80"), utf8.len(""), utf8.codepoint(mixed, 1, -1))
for position, code in utf8.codes(mixed) do io.write(position, ":U+", ("%04X"):format(code), " ") end
print(utf8.offset(mixed, 3), utf8.offset(mixed, -1), utf8.offset(mixed, 0, 5), utf8.offset(mixed, 9), utf8.offset(mixed, 6))
for _, bad in ipairs({ "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "\x80", "\xf8\x88\x80\x80\x80" }) do
  io.write(tostring(utf8.len(bad)), "/", tostring(utf8.len(bad, 1, -1, true)), "/", tostring(pcall(utf8.codepoint, bad)), " ")
end
print(plain(select(2, pcall(utf8.offset, "aé", 1, 3))), plain(select(2, pcall(function() for _ in utf8.codes("a\xffb") do end end))), plain(select(2, pcall(utf8.codepoint, "abc", 4))))
for word in ("naïve café — déjà vu"):gmatch("[%w" .. "\x80-\xff]+") do io.write(utf8.len(word), ":", word, " ") end
print(#utf8.charpattern, (("aé€"):gsub(utf8.charpattern, "<%0>")))
local codes = {}
for i = 1, 24000 do codes[i] = (i * 7919) % 0xd800 + 1 end
local encoded, back, same = {}, 0, true
for i = 1, #codes do encoded[i] = utf8.char(codes[i]) end
local long = table.concat(encoded)
for _, code in utf8.codes(long) do
  back = back + 1
  same = same and codes[back] == code
end
print(#long, utf8.len(long), back, same, utf8.codepoint(long, utf8.offset(long, 3000)) == codes[3000])
-- Base64 by bits.
local alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
local function base64(data)
  local out = {}
  for i = 1, #data, 3 do
    local a, b, c = data:byte(i, i + 2)
    local n = a << 16 | (b or 0) << 8 | (c or 0)
    for k = 3, 0, -1 do
      local digit = n >> (6 * k) & 63
      out[#out + 1] = (k == 1 and not b or k == 0 and not c) and "=" or alphabet:sub(digit + 1, digit + 1)
    end
  end
  return table.concat(out)
end
local function unbase64(text)
  local out, n, bits = {}, 0, 0
  for c in text:gmatch("[%w+/]") do
    n = (n << 6 | alphabet:find(c, 1, true) - 1) & 0xffffff
    bits = bits + 6
    if bits >= 8 then
      bits = bits - 8
      out[#out + 1] = string.char(n >> bits & 255)
    end
  end
  return table.concat(out)
end
print(base64("any carnal pleas"), unbase64(base64("any")), base64(""), unbase64(base64(blob:sub(1, 24000))) == blob:sub(1, 24000))
