-- Short names for the cases.
create view ag as select agent_id aid, agent_name agent, team, site from agents;
create view t as select ticket_id id, created_at::timestamp ts, agent_id aid, upper(channel[1])||lower(channel[2:]) channel, contact_reason reason, priority, status, first_response_min frt, resolution_hours::decimal(18,4) hrs, csat, refund_amount::decimal(18,4) refund, case when cast(escalated as varchar) in ('true','Yes') then 'Yes' else 'No' end esc, country from tickets;
