"""The JSON edge shared by every app's api.py: refusals, fields, paging, versions, schema."""
