-- What wrk sends: one request per call, for a session chosen at random from a file of records.
--
-- Arguments: the file, the number of its records, the widths of a record's fields (44,43), the raw request, the seed of the random
-- numbers, and the longest pause before a request in milliseconds (0: none). In the raw request {1}, {2}… stand for the fields, and
-- {n} for a number of twelve digits that differs every time.

local file, count, widths, width, pieces, number

function init(args)
  file = assert(io.open(args[1], 'rb'))
  count = tonumber(args[2])
  widths, width = {}, 0
  for each in args[3]:gmatch('%d+') do
    widths[#widths + 1] = tonumber(each)
    width = width + tonumber(each)
  end
  -- A buffer of one record: a larger one would read pages of the file for each request.
  file:setvbuf('full', width)
  pieces = {}
  local from = 1
  for text, mark, to in args[4]:gmatch('(.-){(%w)}()') do
    pieces[#pieces + 1] = text
    pieces[#pieces + 1] = mark == 'n' and 0 or tonumber(mark)
    from = to
  end
  pieces[#pieces + 1] = args[4]:sub(from)
  math.randomseed(tonumber(args[5]))
  number = math.random(0, 999999) * 100000
  local pause = tonumber(args[6])
  if pause > 0 then
    delay = function() return math.random(0, pause) end
  end
end

function request()
  file:seek('set', math.random(0, count - 1) * width)
  local record = file:read(width)
  local parts, from = {}, 1
  local fields = {}
  for i, each in ipairs(widths) do
    fields[i] = record:sub(from, from + each - 1)
    from = from + each
  end
  for i, piece in ipairs(pieces) do
    if type(piece) == 'string' then
      parts[i] = piece
    elseif piece == 0 then
      number = number + 1
      parts[i] = ('%012d'):format(number)
    else
      parts[i] = fields[piece]
    end
  end
  return table.concat(parts)
end

function done(summary, latency)
  local errors = summary.errors
  io.write(('\nDONE {"requests":%d,"micros":%d,"failed":%d,"refused":%d,"p50":%d,"p99":%d}\n'):format(
    summary.requests, summary.duration,
    errors.connect + errors.read + errors.write + errors.timeout, errors.status,
    latency:percentile(50), latency:percentile(99)))
end
