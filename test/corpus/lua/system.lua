-- The os library: dates of fixed times, tables normalised, files renamed and removed, the environment, the clock.
local function clean(message) return (tostring(message):gsub("^.-:%d+: ", "")) end
local function fails(f, ...) local ok, e = pcall(f, ...); return "{" .. (ok and "no error" or clean(e)) .. "}" end

-- Fixed moments in universal time, in every conversion that the C locale fixes.
local moments = { 0, 1, 86399, 951782400, 1000000000, 1700000000, 4102444799, -1, -86400 * 365 }
for _, moment in ipairs(moments) do print(moment, os.date("!%Y-%m-%d %H:%M:%S %a %A %b %B %j %p %I %y %w %u %U %W %V %G %C %e", moment)) end
print(os.date("!%c|%x|%X|%D|%F|%T|%R|%r|%h|%n|%t|%%|%S", 1234567890))
print(os.date("!%Ec|%EC|%Ex|%EX|%Ey|%EY|%Od|%Oe|%OH|%OI|%Om|%OM|%OS|%Ou|%OU|%OV|%Ow|%OW|%Oy", 1234567890))
for _, moment in ipairs(moments) do
  local d = os.date("!*t", moment)
  io.write(d.year, "/", d.month, "/", d.day, " ", d.hour, ":", d.min, ":", d.sec, " w", d.wday, " y", d.yday, " ", tostring(d.isdst), "; ")
end
print()
print(fails(os.date, "%Q"), fails(os.date, "%E"), fails(os.date, "%Ez"), fails(os.date, "!%", 0), fails(os.date, "*t", 2^60), fails(os.date, 5, {}), os.date("!", 0) == "", os.date("!*t", 0).isdst)

-- time of tables: fields normalise, differences hold in any zone without a change between.
local base = os.time({ year = 2021, month = 1, day = 10, hour = 12, min = 0, sec = 0 })
local function since(t) return os.difftime(os.time(t), base) end
print(since({ year = 2021, month = 1, day = 10 }), since({ year = 2021, month = 1, day = 11, hour = 12 }), since({ year = 2021, month = 1, day = 10, hour = 13, min = 1, sec = 1 }))
for _, t in ipairs({
  { year = 2021, month = 1, day = 10, hour = 36 }, { year = 2020, month = 13, day = 10 }, { year = 2021, month = 1, day = 9, hour = 11, min = 60 },
  { year = 2021, month = 1, day = 10, sec = -1 }, { year = "2021", month = "1", day = "12", hour = "0" }, { year = 2021, month = 1.0, day = 10 },
}) do
  local difference = since(t)
  print(math.type(difference), difference, t.year, t.month, t.day, t.hour, t.min, t.sec, t.wday, t.yday)
end
print(fails(os.time, {}), fails(os.time, { year = 2021 }), fails(os.time, { year = 2021, month = 1 }), fails(os.time, { year = 2021, month = "x", day = 1 }), fails(os.time, { year = 2021, month = 1.5, day = 1 }))
print(fails(os.time, { year = 1 << 60, month = 1, day = 1 }), fails(os.time, 5), fails(os.difftime), os.difftime(5, 3), os.difftime(base, base))
local back = os.date("*t", base)
print(back.year, back.month, back.day, back.hour, os.time(back) == base, os.date("%Y-%m-%d %H", base))

-- Now is not told, only what holds of it.
local now = os.time()
print(math.type(now), now > 1600000000, os.difftime(os.time(), now) >= 0, math.type(os.clock()), os.clock() >= 0, os.date():len() > 0, os.date("!%Y") + 0 > 2020)

-- Files: made, renamed, removed, and the failures of each.
local one, two = os.tmpname(), os.tmpname()
local function hide(ok, message, code)
  return tostring(ok), message and (message:gsub(one:gsub("%p", "%%%0"), "ONE"):gsub(two:gsub("%p", "%%%0"), "TWO")), code
end
print(one ~= two, type(one), io.open(one) ~= nil)
local f = assert(io.open(one, "w")); f:write("moved"); f:close()
print(hide(os.rename(one, two)))
print(hide(os.rename(one, two)))
print(hide(os.remove(one)))
f = assert(io.open(two)); print(f:read("a"), f:close())
print(hide(os.remove(two)))
print(hide(os.remove(two)))
print(io.open(two) == nil, fails(os.remove), fails(os.rename, "x"))

-- The environment, the locale, commands.
print(os.getenv("TIERLINK_NAME_THAT_NO_ONE_SETS"), fails(os.getenv), os.setlocale("C"), os.setlocale(nil), os.setlocale("no_SUCH", "time"), os.setlocale("C", "numeric"), fails(os.setlocale, "C", "odd"))
print(os.execute(), os.execute("exit 0"))
print(os.execute("exit 3"))
print(os.execute("kill -9 $$"))

-- A calendar in Lua against the C library's, a day at a time over decades.
local function civil(days)
  local z = days + 719468
  local era = z // 146097
  local doe = z - era * 146097
  local yoe = (doe - doe // 1460 + doe // 36524 - doe // 146096) // 365
  local doy = doe - (365 * yoe + yoe // 4 - yoe // 100)
  local mp = (5 * doy + 2) // 153
  local month = mp < 10 and mp + 3 or mp - 9
  return yoe + era * 400 + (month <= 2 and 1 or 0), month, doy - (153 * mp + 2) // 5 + 1
end
local wrong, sum = 0, 0
for days = -3000, 30000, 5 do
  local y, m, d = civil(days)
  local t = os.date("!*t", days * 86400 + 3600)
  if t.year ~= y or t.month ~= m or t.day ~= d or t.wday ~= (days + 4) % 7 + 1 then wrong = wrong + 1 end
  sum = (sum * 31 + t.yday + #os.date("!%A %B", days * 86400)) % 1000003
end
print(wrong, sum)
