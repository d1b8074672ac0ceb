-- 
-- THIS FILE HAS BEEN GENERATED AUTOMATICALLY
-- DO NOT CHANGE IT MANUALLY UNLESS YOU KNOW WHAT YOU'RE DOING
-- 
-- GENERATED USING @colyseus/schema 5.0.34
-- 

local schema = require 'colyseus.serializer.schema.schema'


---@class PresenceConnection: Schema
---@field connectionId string
---@field status string
---@field matchId string
---@field match string
local PresenceConnection = schema.define({
    ["connectionId"] = "string",
    ["status"] = "string",
    ["matchId"] = "string",
    ["match"] = "string",
    ["_fields_by_index"] = { "connectionId", "status", "matchId", "match" },
})

return PresenceConnection
