# 
# THIS FILE HAS BEEN GENERATED AUTOMATICALLY
# DO NOT CHANGE IT MANUALLY UNLESS YOU KNOW WHAT YOU'RE DOING
# 
# GENERATED USING @colyseus/schema 5.0.34
# 

class PresenceConnection extends Colyseus.Schema:
	static func definition():
		return [
			Colyseus.Schema.Field.new("connectionId", Colyseus.Schema.STRING),
			Colyseus.Schema.Field.new("status", Colyseus.Schema.STRING),
			Colyseus.Schema.Field.new("matchId", Colyseus.Schema.STRING),
			Colyseus.Schema.Field.new("match", Colyseus.Schema.STRING),
		]

	func _to_string() -> String:
		return "PresenceConnection(__ref_id: %s, connectionId: %s, status: %s, matchId: %s, match: %s)" % [self.__ref_id, self.connectionId, self.status, self.matchId, self.match]

class PresenceUser extends Colyseus.Schema:
	static func definition():
		return [
			Colyseus.Schema.Field.new("userId", Colyseus.Schema.STRING),
			Colyseus.Schema.Field.new("username", Colyseus.Schema.STRING),
			Colyseus.Schema.Field.new("general", Colyseus.Schema.STRING),
			Colyseus.Schema.Field.new("connections", Colyseus.Schema.MAP, PresenceConnection),
		]

	func _to_string() -> String:
		return "PresenceUser(__ref_id: %s, userId: %s, username: %s, general: %s, connections: %s)" % [self.__ref_id, self.userId, self.username, self.general, self.connections]

class PresenceState extends Colyseus.Schema:
	static func definition():
		return [
			Colyseus.Schema.Field.new("me", Colyseus.Schema.REF, PresenceUser),
			Colyseus.Schema.Field.new("users", Colyseus.Schema.MAP, PresenceUser),
		]

	func _to_string() -> String:
		return "PresenceState(__ref_id: %s, me: %s, users: %s)" % [self.__ref_id, self.me, self.users]
