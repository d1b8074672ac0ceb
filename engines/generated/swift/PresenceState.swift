// 
// THIS FILE HAS BEEN GENERATED AUTOMATICALLY
// DO NOT CHANGE IT MANUALLY UNLESS YOU KNOW WHAT YOU'RE DOING
// 
// GENERATED USING @colyseus/schema 5.0.34
// 

import Colyseus

public final class PresenceState: SchemaRef, @unchecked Sendable {
    public var me: PresenceUser? { refOf("me") }
    public var users: MapSchema<PresenceUser> { mapOf("users") }
}
