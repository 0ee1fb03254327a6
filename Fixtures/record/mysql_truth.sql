-- What the server says that it was asked, one line a statement or command: the thread, the text, and what became of it.
select json_object('thread', thread_id, 'kind', event_name, 'text', sql_text, 'code', mysql_errno,
    'rows', rows_sent, 'affected', rows_affected)
from performance_schema.events_statements_history_long
where thread_id <> (select thread_id from performance_schema.threads where processlist_id = connection_id())
order by thread_id, event_id;
