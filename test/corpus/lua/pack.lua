-- string.pack, unpack, packsize, byte, char.
local function hex(s) return (s:gsub(".", function(c) return ("%02x"):format(c:byte()) end)) end
print(hex(string.pack("<i4", 1)), hex(string.pack(">i4", 1)), hex(string.pack("<i8", -2)))
print(hex(string.pack("<bBhHlLjJ", -1, 255, -2, 65535, -3, 3, -4, 4)))
print(hex(string.pack("<fd", 1.5, -2.25)), hex(string.pack("z", "zero")), hex(string.pack("s1", "len")))
print(hex(string.pack("<!4 i1 i4", 1, 2)), hex(string.pack("<i3", -70000)), hex(string.pack(">I5", 2 ^ 33 // 1 | 0)))
print(string.packsize("<i4i8"), string.packsize("<!8 i1 i8"), string.packsize("bhilj"))
local packed = string.pack("<i2 s2 d z", -5, "hello", 3.25, "end")
print(string.unpack("<i2 s2 d z", packed))
print(string.unpack("<i2", "\1\2\3\4", 3), string.unpack("B", "\255"), string.unpack("b", "\255"))
print(pcall(string.pack, "i1", 300), pcall(string.unpack, "i4", "abc"), pcall(string.pack, "q", 1))
print(("ABC"):byte(1, -1), string.char(72, 105), ("x"):byte(5))
local parts = {}
for i = 1, 5000 do parts[#parts + 1] = string.pack("<I2 i4 n", i & 0xffff, i * -7, i / 3) end
local all, at, sum = table.concat(parts), 1, 0
for i = 1, 5000 do
  local a, b, c
  a, b, c, at = string.unpack("<I2 i4 n", all, at)
  sum = (sum + a * 3 + b + math.floor(c)) % 1000003
end
print(#all, at, sum)
