-- Writes a value as JSON. A table without a key 1 is an object.
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

return json
