-- os: times of fixed dates, formats in UTC, environment.
local t = { year = 2024, month = 2, day = 29, hour = 12, min = 30, sec = 15, isdst = false }
local utc = 1709209815
print(os.date("!%Y-%m-%d %H:%M:%S", utc), os.date("!%j %U %w %a %b %p %y %%", utc), os.date("!%c", 0), os.date("!%x %X", 86399))
local d = os.date("!*t", utc)
print(d.year, d.month, d.day, d.hour, d.min, d.sec, d.wday, d.yday, d.isdst)
print(os.difftime(utc + 90, utc), type(os.time()), type(os.clock()), os.time() >= utc)
print(os.time(t) - os.time { year = 2024, month = 2, day = 28, hour = 12, min = 30, sec = 15, isdst = false })
local n = { year = 2023, month = 14, day = -3, hour = 12 }; os.time(n); print(n.year, n.month, n.day)
print(os.getenv("SURELY_NOT_SET_ANYWHERE"), type(os.getenv("PATH")))
print(pcall(os.date, "%Ez", 0), pcall(os.time, { year = 2020 }), pcall(os.date, "!%Q", 0))
print(os.setlocale("C"), os.setlocale(nil, "numeric"), os.setlocale("no_such_locale"))
local sum = 0
for i = 0, 3000 do local x = os.date("!*t", i * 86400 * 3 + 12345); sum = (sum * 7 + x.yday + x.wday) % 999983 end
print(sum, os.tmpname() ~= os.tmpname())
