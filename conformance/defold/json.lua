-- JSON. A table without a key 1 is an object.
local json = {}

local escapes = { ['"'] = '\\"', ['\\'] = '\\\\', ['\n'] = '\\n', ['\r'] = '\\r', ['\t'] = '\\t' }

local function text(value)
  return '"' .. value:gsub('[%c"\\]', function(c)
    return escapes[c] or string.format('\\u%04x', c:byte())
  end) .. '"'
end

function json.encode(value)
  if type(value) == 'string' then
    return text(value)
  elseif type(value) ~= 'table' then
    return value == nil and 'null' or tostring(value)
  end
  local parts = {}
  if value[1] ~= nil then
    for i, item in ipairs(value) do
      parts[i] = json.encode(item)
    end
    return '[' .. table.concat(parts, ',') .. ']'
  end
  for key, item in pairs(value) do
    parts[#parts + 1] = text(tostring(key)) .. ':' .. json.encode(item)
  end
  return '{' .. table.concat(parts, ',') .. '}'
end


local function utf8(code)
  if code < 0x80 then
    return string.char(code)
  elseif code < 0x800 then
    return string.char(0xc0 + math.floor(code / 64), 0x80 + code % 64)
  end
  return string.char(0xe0 + math.floor(code / 4096), 0x80 + math.floor(code / 64) % 64, 0x80 + code % 64)
end

local plain = { b = '\b', f = '\f', n = '\n', r = '\r', t = '\t' }

-- Reads what the match-maker answers with. A null is nil.
function json.decode(source)
  local at = 1
  local value

  local function next_char()
    at = source:find('%S', at)
    return source:sub(at, at)
  end

  local function text()
    local parts = {}
    at = at + 1
    while true do
      local stop = source:find('["\\]', at)
      parts[#parts + 1] = source:sub(at, stop - 1)
      if source:sub(stop, stop) == '"' then
        at = stop + 1
        return table.concat(parts)
      end
      local escape = source:sub(stop + 1, stop + 1)
      if escape == 'u' then
        parts[#parts + 1] = utf8(tonumber(source:sub(stop + 2, stop + 5), 16))
        at = stop + 6
      else
        parts[#parts + 1] = plain[escape] or escape
        at = stop + 2
      end
    end
  end

  local function items(close, read)
    local result = {}
    at = at + 1
    while next_char() ~= close do
      read(result)
      if next_char() == ',' then
        at = at + 1
      end
    end
    at = at + 1
    return result
  end

  function value()
    local first = next_char()
    if first == '{' then
      return items('}', function(result)
        local key = text()
        next_char()
        at = at + 1
        result[key] = value()
      end)
    elseif first == '[' then
      return items(']', function(result)
        result[#result + 1] = value()
      end)
    elseif first == '"' then
      return text()
    end
    local word = source:match('^[%w.+-]+', at)
    at = at + #word
    if word == 'true' or word == 'false' then
      return word == 'true'
    end
    return tonumber(word)
  end

  return value()
end

return json
