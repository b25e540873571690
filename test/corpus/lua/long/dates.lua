-- os.time and os.date with fixed times (in UTC where the zone would show), and a calendar worked out by hand to compare.
local function plain(message)
  return (tostring(message):gsub("[^%s:]+:%d+: ", ""))
end

-- Formats of fixed moments.
for _, moment in ipairs({ 0, 1, 86399, 951782400, 1000000000, 1709210096, 2147483647, 2147483648, 4102444800, -1, -86400 }) do
  print(moment, os.date("!%Y-%m-%d %H:%M:%S", moment), os.date("!%j %w %u %y %I %d %U %W %V %G %e %C", moment), os.date("!%D|%F|%T|%R|%%", moment))
end
print(os.date("!%n%t|", 0) == "\n\t|", os.date("!", 0), plain(select(2, pcall(os.date, "!%Q", 0))), plain(select(2, pcall(os.date, "!%", 0))), plain(select(2, pcall(os.date, "!%E", 0))))
os.setlocale("C")
print(os.setlocale(), os.setlocale(nil, "numeric"), os.setlocale("no_such_LOCALE"), os.date("!%a %A %b %B %p %c %x %X", 1709210096))

-- Tables out and in. Noon is far from any shift of a zone.
local t = os.date("!*t", 1709210096)
local fields = {}
for k, v in pairs(t) do fields[#fields + 1] = k .. "=" .. tostring(v) end
table.sort(fields)
print(table.concat(fields, " "))
local function normal(year, month, day, hour, min, sec)
  local moment = { year = year, month = month, day = day, hour = hour or 12, min = min, sec = sec }
  os.time(moment)
  return ("%04d-%02d-%02d %02d:%02d:%02d %d"):format(moment.year, moment.month, moment.day, moment.hour, moment.min, moment.sec, moment.wday)
end
print(normal(2024, 14, -3), normal(2023, 1, 366), normal(2024, 3, 0), normal(2000, 2, 30), normal(1999, 12, 31, 12, 0, 86400), normal(2021, 0, 1), normal(2021, 6, 15, 12, -60, 60 * 60))
print(os.date("*t", os.time({ year = 2020, month = 5, day = 17 })).hour, os.difftime(os.time({ year = 2021, month = 1, day = 2, hour = 12 }), os.time({ year = 2021, month = 1, day = 1, hour = 12 })), os.difftime(10, 4))
for _, bad in ipairs({ {}, { year = 2020 }, { year = 2020, month = "x", day = 1 }, { year = 2020, month = 1.5, day = 1 }, { year = 1 << 40, month = 1, day = 1 } }) do
  io.write(plain(select(2, pcall(os.time, bad))), "; ")
end
print(plain(select(2, pcall(os.date, "*t", 1 << 60))), plain(select(2, pcall(os.date, "%d", "x"))), plain(select(2, pcall(os.date, "%d", 1.5))))

-- Days since 1970 to a date and back, against os.date over four centuries.
local function civil(days)
  days = days + 719468
  local era = days // 146097
  local doe = days - era * 146097
  local yoe = (doe - doe // 1460 + doe // 36524 - doe // 146096) // 365
  local doy = doe - (365 * yoe + yoe // 4 - yoe // 100)
  local mp = (5 * doy + 2) // 153
  local month = mp < 10 and mp + 3 or mp - 9
  return yoe + era * 400 + (month <= 2 and 1 or 0), month, doy - (153 * mp + 2) // 5 + 1
end
local function days(year, month, day)
  if month <= 2 then year = year - 1 end
  local era = year // 400
  local yoe = year - era * 400
  local doy = (153 * (month + (month > 2 and -3 or 9)) + 2) // 5 + day - 1
  return era * 146097 + yoe * 365 + yoe // 4 - yoe // 100 + doy - 719468
end
local agreed, checked, sum = 0, 0, 0
for day = -40000, 106000, 13 do
  local y, m, d = civil(day)
  local text = ("%04d-%02d-%02d %d"):format(y, m, d, (day + 4) % 7)
  checked = checked + 1
  if os.date("!%Y-%m-%d %w", day * 86400) == text and days(y, m, d) == day then agreed = agreed + 1 end
  sum = (sum * 31 + y * 372 + m * 31 + d) % 1000000007
end
print(checked, agreed, sum)

-- Easter, the weekday of each 13th, ISO weeks.
local function easter(year)
  local a, b, c = year % 19, year // 100, year % 100
  local d, e = b // 4, b % 4
  local g = (8 * b + 13) // 25
  local h = (19 * a + b - d - g + 15) % 30
  local i, k = c // 4, c % 4
  local l = (32 + 2 * e + 2 * i - h - k) % 7
  local m = (a + 11 * h + 22 * l) // 451
  return (h + l - 7 * m + 114) // 31, (h + l - 7 * m + 114) % 31 + 1
end
for _, year in ipairs({ 1961, 2000, 2008, 2024, 2038 }) do io.write(("%d-%02d-%02d "):format(year, easter(year))) end
local fridays, sundays = 0, 0
for year = 1600, 1999 do
  for month = 1, 12 do
    if (days(year, month, 13) + 4) % 7 == 5 then fridays = fridays + 1 end
  end
  local m, d = easter(year)
  if (days(year, m, d) + 4) % 7 == 0 then sundays = sundays + 1 end
end
print(fridays, sundays)
local weeks = {}
for year = 2015, 2030 do
  weeks[#weeks + 1] = os.date("!%G-W%V-%u", days(year, 1, 1) * 86400)
end
print(table.concat(weeks, " "))

-- A month on paper.
local function month(year, m)
  local out = { (" "):rep(3 * ((days(year, m, 1) + 3) % 7)) }
  local last = days(m == 12 and year + 1 or year, m % 12 + 1, 1) - days(year, m, 1)
  for d = 1, last do
    out[#out + 1] = ("%2d"):format(d) .. ((days(year, m, d) + 3) % 7 == 6 and "\n" or " ")
  end
  return table.concat(out)
end
print(month(2024, 2))
local letters = 0
for year = 1900, 2100 do
  for m = 1, 12 do letters = letters + #month(year, m) end
end
print(letters)
-- The processor's clock goes forward, the time of day does not go back.
local clock, time = os.clock(), os.time()
local spin = 0
for i = 1, 100000 do spin = spin + i end
print(os.clock() >= clock, os.time() >= time, spin)
