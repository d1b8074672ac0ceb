// 
// THIS FILE HAS BEEN GENERATED AUTOMATICALLY
// DO NOT CHANGE IT MANUALLY UNLESS YOU KNOW WHAT YOU'RE DOING
// 
// GENERATED USING @colyseus/schema 5.0.34
// 
#ifndef __SCHEMA_CODEGEN_PRESENCECONNECTION_H__
#define __SCHEMA_CODEGEN_PRESENCECONNECTION_H__ 1

#include "schema.h"
#include <typeinfo>
#include <typeindex>

using namespace colyseus::schema;



class PresenceConnection : public Schema {
public:
	 string connectionId = "";
	 string status = "";
	 string matchId = "";
	 string match = "";

	PresenceConnection() {
		this->_indexes = {{0, "connectionId"}, {1, "status"}, {2, "matchId"}, {3, "match"}};
		this->_types = {{0, "string"}, {1, "string"}, {2, "string"}, {3, "string"}};
		this->_childPrimitiveTypes = {};
		this->_childSchemaTypes = {};
	}

	virtual ~PresenceConnection() {
		
	}

protected:
	inline string getString(const string &field)
	{
		if (field == "connectionId")
		{
			return this->connectionId;

		} else if (field == "status")
		{
			return this->status;

		} else if (field == "matchId")
		{
			return this->matchId;

		} else if (field == "match")
		{
			return this->match;

		}
		return Schema::getString(field);
	}

	inline void setString(const string &field, string value)
	{
		if (field == "connectionId")
		{
			this->connectionId = value;
			return;

		} else if (field == "status")
		{
			this->status = value;
			return;

		} else if (field == "matchId")
		{
			this->matchId = value;
			return;

		} else if (field == "match")
		{
			this->match = value;
			return;

		}
		return Schema::setString(field, value);
	}


};


#endif
