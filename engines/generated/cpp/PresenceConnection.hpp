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

	PresenceConnection() {
		this->_indexes = {{0, "connectionId"}, {1, "status"}, {2, "matchId"}};
		this->_types = {{0, "string"}, {1, "string"}, {2, "string"}};
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

		}
		return Schema::setString(field, value);
	}


};


#endif
