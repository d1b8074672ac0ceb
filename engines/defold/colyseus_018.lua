-- Lets version 0.16 of the Colyseus SDK for Defold join a server of Colyseus 0.18:
--   local client = require('colyseus_018')(Colyseus(url))
--
-- A seat of 0.18 is flat, where the SDK looks into `seat.room`; and the join frame
-- of 0.18 tells the length of the reflection, which the SDK would take for a part of it.
-- A version of the SDK that joins by itself does not need this file.
local decode = require('colyseus.serializer.schema.encoding.decode')
local serializer = require('colyseus.serializer.schema_serializer')

local handshake = serializer.handshake
function serializer:handshake(bytes, it)
  local length = decode.number(bytes, it)
  local reflection = {}
  for at = 1, it.offset + length - 1 do
    reflection[at] = bytes[at]
  end
  return handshake(self, reflection, it)
end

return function(client)
  local consume = client.consume_seat_reservation
  function client:consume_seat_reservation(seat, ...)
    seat.room = seat.room or seat
    return consume(self, seat, ...)
  end
  return client
end
