// 
// THIS FILE HAS BEEN GENERATED AUTOMATICALLY
// DO NOT CHANGE IT MANUALLY UNLESS YOU KNOW WHAT YOU'RE DOING
// 
// GENERATED USING @colyseus/schema 5.0.34
// 

namespace ColyseusPresence {
	public partial class PresenceState : global::Colyseus.Schema.Schema {
#if UNITY_5_3_OR_NEWER
		[global::UnityEngine.Scripting.Preserve]
#endif
		public PresenceState() { }

		[global::Colyseus.Schema.Type(0, "ref", typeof(PresenceUser))]
		public PresenceUser me = null;

		[global::Colyseus.Schema.Type(1, "map", typeof(global::Colyseus.Schema.MapSchema<PresenceUser>))]
		public global::Colyseus.Schema.MapSchema<PresenceUser> users = new global::Colyseus.Schema.MapSchema<PresenceUser>();
	}
}
