// Made by Fixtures/record/redis_commands.py from Redis 7.0.15; not written by hand.

/// The commands of Redis, each in a line: its name, with `|` before that of a subcommand; what it is (`c`: it has
/// subcommands, `h`: it only keeps a session going, `l`: it lets one in, `b`: it may wait, `r`: nil says that there is nothing, `m`: so does each
/// item, `-`: none of these); and which of its arguments are keys or channels (`RedisGrammar`).
enum RedisCommandTable {
    static let text: StaticString = """
        ACL c
        ACL|CAT -
        ACL|DELUSER -
        ACL|DRYRUN -
        ACL|GENPASS -
        ACL|GETUSER -
        ACL|HELP -
        ACL|LIST -
        ACL|LOAD -
        ACL|LOG -
        ACL|SAVE -
        ACL|SETUSER -
        ACL|USERS -
        ACL|WHOAMI -
        APPEND - i1r0,1,0
        ASKING h
        AUTH hl
        BGREWRITEAOF -
        BGSAVE -
        BITCOUNT - i1r0,1,0
        BITFIELD - i1r0,1,0
        BITFIELD_RO - i1r0,1,0
        BITOP - i2r0,1,0 i3r-1,1,0
        BITPOS - i1r0,1,0
        BLMOVE b i1r0,1,0 i2r0,1,0
        BLMPOP b i2n0,1,1
        BLPOP b i1r-2,1,0
        BRPOP b i1r-2,1,0
        BRPOPLPUSH b i1r0,1,0 i2r0,1,0
        BZMPOP b i2n0,1,1
        BZPOPMAX b i1r-2,1,0
        BZPOPMIN b i1r-2,1,0
        CLIENT ch
        CLIENT|CACHING h
        CLIENT|GETNAME h
        CLIENT|GETREDIR h
        CLIENT|HELP h
        CLIENT|ID h
        CLIENT|INFO h
        CLIENT|KILL h
        CLIENT|LIST h
        CLIENT|NO-EVICT h
        CLIENT|PAUSE h
        CLIENT|REPLY h
        CLIENT|SETNAME h
        CLIENT|TRACKING h
        CLIENT|TRACKINGINFO h
        CLIENT|UNBLOCK h
        CLIENT|UNPAUSE h
        CLUSTER c
        CLUSTER|ADDSLOTS -
        CLUSTER|ADDSLOTSRANGE -
        CLUSTER|BUMPEPOCH -
        CLUSTER|COUNT-FAILURE-REPORTS -
        CLUSTER|COUNTKEYSINSLOT -
        CLUSTER|DELSLOTS -
        CLUSTER|DELSLOTSRANGE -
        CLUSTER|FAILOVER -
        CLUSTER|FLUSHSLOTS -
        CLUSTER|FORGET -
        CLUSTER|GETKEYSINSLOT -
        CLUSTER|HELP -
        CLUSTER|INFO -
        CLUSTER|KEYSLOT -
        CLUSTER|LINKS -
        CLUSTER|MEET -
        CLUSTER|MYID -
        CLUSTER|NODES -
        CLUSTER|REPLICAS -
        CLUSTER|REPLICATE -
        CLUSTER|RESET -
        CLUSTER|SAVECONFIG -
        CLUSTER|SET-CONFIG-EPOCH -
        CLUSTER|SETSLOT -
        CLUSTER|SHARDS -
        CLUSTER|SLAVES -
        CLUSTER|SLOTS -
        COMMAND ch
        COMMAND|COUNT h
        COMMAND|DOCS h
        COMMAND|GETKEYS h
        COMMAND|GETKEYSANDFLAGS h
        COMMAND|HELP h
        COMMAND|INFO h
        COMMAND|LIST h
        CONFIG c
        CONFIG|GET -
        CONFIG|HELP -
        CONFIG|RESETSTAT -
        CONFIG|REWRITE -
        CONFIG|SET -
        COPY - i1r0,1,0 i2r0,1,0
        DBSIZE -
        DEBUG -
        DECR - i1r0,1,0
        DECRBY - i1r0,1,0
        DEL - i1r-1,1,0
        DISCARD -
        DUMP r i1r0,1,0
        ECHO h
        EVAL - i2n0,1,1
        EVALSHA - i2n0,1,1
        EVALSHA_RO - i2n0,1,1
        EVAL_RO - i2n0,1,1
        EXEC -
        EXISTS - i1r-1,1,0
        EXPIRE - i1r0,1,0
        EXPIREAT - i1r0,1,0
        EXPIRETIME - i1r0,1,0
        FAILOVER -
        FCALL - i2n0,1,1
        FCALL_RO - i2n0,1,1
        FLUSHALL -
        FLUSHDB -
        FUNCTION c
        FUNCTION|DELETE -
        FUNCTION|DUMP -
        FUNCTION|FLUSH -
        FUNCTION|HELP -
        FUNCTION|KILL -
        FUNCTION|LIST -
        FUNCTION|LOAD -
        FUNCTION|RESTORE -
        FUNCTION|STATS -
        GEOADD - i1r0,1,0
        GEODIST - i1r0,1,0
        GEOHASH m i1r0,1,0
        GEOPOS m i1r0,1,0
        GEORADIUS - i1r0,1,0 @STORE,6r0,1,0 @STOREDIST,6r0,1,0
        GEORADIUSBYMEMBER - i1r0,1,0 @STORE,5r0,1,0 @STOREDIST,5r0,1,0
        GEORADIUSBYMEMBER_RO - i1r0,1,0
        GEORADIUS_RO - i1r0,1,0
        GEOSEARCH - i1r0,1,0
        GEOSEARCHSTORE - i1r0,1,0 i2r0,1,0
        GET r i1r0,1,0
        GETBIT - i1r0,1,0
        GETDEL r i1r0,1,0
        GETEX r i1r0,1,0
        GETRANGE - i1r0,1,0
        GETSET r i1r0,1,0
        HDEL - i1r0,1,0
        HELLO hl
        HEXISTS - i1r0,1,0
        HGET r i1r0,1,0
        HGETALL - i1r0,1,0
        HINCRBY - i1r0,1,0
        HINCRBYFLOAT - i1r0,1,0
        HKEYS - i1r0,1,0
        HLEN - i1r0,1,0
        HMGET m i1r0,1,0
        HMSET - i1r0,1,0
        HRANDFIELD r i1r0,1,0
        HSCAN - i1r0,1,0
        HSET - i1r0,1,0
        HSETNX - i1r0,1,0
        HSTRLEN - i1r0,1,0
        HVALS - i1r0,1,0
        INCR - i1r0,1,0
        INCRBY - i1r0,1,0
        INCRBYFLOAT - i1r0,1,0
        INFO -
        KEYS -
        LASTSAVE -
        LATENCY c
        LATENCY|DOCTOR -
        LATENCY|GRAPH -
        LATENCY|HELP -
        LATENCY|HISTOGRAM -
        LATENCY|HISTORY -
        LATENCY|LATEST -
        LATENCY|RESET -
        LCS - i1r1,1,0
        LINDEX r i1r0,1,0
        LINSERT - i1r0,1,0
        LLEN - i1r0,1,0
        LMOVE r i1r0,1,0 i2r0,1,0
        LMPOP - i1n0,1,1
        LOLWUT -
        LPOP r i1r0,1,0
        LPOS - i1r0,1,0
        LPUSH - i1r0,1,0
        LPUSHX - i1r0,1,0
        LRANGE - i1r0,1,0
        LREM - i1r0,1,0
        LSET - i1r0,1,0
        LTRIM - i1r0,1,0
        MEMORY c
        MEMORY|DOCTOR -
        MEMORY|HELP -
        MEMORY|MALLOC-STATS -
        MEMORY|PURGE -
        MEMORY|STATS -
        MEMORY|USAGE - i2r0,1,0
        MGET m i1r-1,1,0
        MIGRATE - i3r0,1,0 @KEYS,2r-1,1,0
        MODULE c
        MODULE|HELP -
        MODULE|LIST -
        MODULE|LOAD -
        MODULE|LOADEX -
        MODULE|UNLOAD -
        MONITOR -
        MOVE - i1r0,1,0
        MSET - i1r-1,2,0
        MSETNX - i1r-1,2,0
        MULTI -
        OBJECT c
        OBJECT|ENCODING - i2r0,1,0
        OBJECT|FREQ - i2r0,1,0
        OBJECT|HELP -
        OBJECT|IDLETIME - i2r0,1,0
        OBJECT|REFCOUNT - i2r0,1,0
        PERSIST - i1r0,1,0
        PEXPIRE - i1r0,1,0
        PEXPIREAT - i1r0,1,0
        PEXPIRETIME - i1r0,1,0
        PFADD - i1r0,1,0
        PFCOUNT - i1r-1,1,0
        PFDEBUG - i2r0,1,0
        PFMERGE - i1r0,1,0 i2r-1,1,0
        PFSELFTEST -
        PING h
        PSETEX - i1r0,1,0
        PSUBSCRIBE - i1r-1,1,0
        PSYNC -
        PTTL - i1r0,1,0
        PUBLISH - i1r0,1,0
        PUBSUB c
        PUBSUB|CHANNELS -
        PUBSUB|HELP -
        PUBSUB|NUMPAT -
        PUBSUB|NUMSUB -
        PUBSUB|SHARDCHANNELS -
        PUBSUB|SHARDNUMSUB -
        PUNSUBSCRIBE - i1r-1,1,0
        QUIT h
        RANDOMKEY -
        READONLY h
        READWRITE h
        RENAME - i1r0,1,0 i2r0,1,0
        RENAMENX - i1r0,1,0 i2r0,1,0
        REPLCONF h
        REPLICAOF -
        RESET h
        RESTORE - i1r0,1,0
        RESTORE-ASKING - i1r0,1,0
        ROLE -
        RPOP r i1r0,1,0
        RPOPLPUSH r i1r0,1,0 i2r0,1,0
        RPUSH - i1r0,1,0
        RPUSHX - i1r0,1,0
        SADD - i1r0,1,0
        SAVE -
        SCAN -
        SCARD - i1r0,1,0
        SCRIPT c
        SCRIPT|DEBUG -
        SCRIPT|EXISTS -
        SCRIPT|FLUSH -
        SCRIPT|HELP -
        SCRIPT|KILL -
        SCRIPT|LOAD -
        SDIFF - i1r-1,1,0
        SDIFFSTORE - i1r0,1,0 i2r-1,1,0
        SELECT hl
        SET - i1r0,1,0
        SETBIT - i1r0,1,0
        SETEX - i1r0,1,0
        SETNX - i1r0,1,0
        SETRANGE - i1r0,1,0
        SHUTDOWN -
        SINTER - i1r-1,1,0
        SINTERCARD - i1n0,1,1
        SINTERSTORE - i1r0,1,0 i2r-1,1,0
        SISMEMBER - i1r0,1,0
        SLAVEOF -
        SLOWLOG c
        SLOWLOG|GET -
        SLOWLOG|HELP -
        SLOWLOG|LEN -
        SLOWLOG|RESET -
        SMEMBERS - i1r0,1,0
        SMISMEMBER - i1r0,1,0
        SMOVE - i1r0,1,0 i2r0,1,0
        SORT - i1r0,1,0
        SORT_RO - i1r0,1,0
        SPOP r i1r0,1,0
        SPUBLISH - i1r0,1,0
        SRANDMEMBER r i1r0,1,0
        SREM - i1r0,1,0
        SSCAN - i1r0,1,0
        SSUBSCRIBE - i1r-1,1,0
        STRLEN - i1r0,1,0
        SUBSCRIBE - i1r-1,1,0
        SUBSTR - i1r0,1,0
        SUNION - i1r-1,1,0
        SUNIONSTORE - i1r0,1,0 i2r-1,1,0
        SUNSUBSCRIBE - i1r-1,1,0
        SWAPDB -
        SYNC -
        TIME -
        TOUCH - i1r-1,1,0
        TTL - i1r0,1,0
        TYPE - i1r0,1,0
        UNLINK - i1r-1,1,0
        UNSUBSCRIBE - i1r-1,1,0
        UNWATCH -
        WAIT b
        WATCH - i1r-1,1,0
        XACK - i1r0,1,0
        XADD - i1r0,1,0
        XAUTOCLAIM - i1r0,1,0
        XCLAIM - i1r0,1,0
        XDEL - i1r0,1,0
        XGROUP c
        XGROUP|CREATE - i2r0,1,0
        XGROUP|CREATECONSUMER - i2r0,1,0
        XGROUP|DELCONSUMER - i2r0,1,0
        XGROUP|DESTROY - i2r0,1,0
        XGROUP|HELP -
        XGROUP|SETID - i2r0,1,0
        XINFO c
        XINFO|CONSUMERS - i2r0,1,0
        XINFO|GROUPS - i2r0,1,0
        XINFO|HELP -
        XINFO|STREAM - i2r0,1,0
        XLEN - i1r0,1,0
        XPENDING - i1r0,1,0
        XRANGE - i1r0,1,0
        XREAD b @STREAMS,1r-1,1,2
        XREADGROUP b @STREAMS,4r-1,1,2
        XREVRANGE - i1r0,1,0
        XSETID - i1r0,1,0
        XTRIM - i1r0,1,0
        ZADD - i1r0,1,0
        ZCARD - i1r0,1,0
        ZCOUNT - i1r0,1,0
        ZDIFF - i1n0,1,1
        ZDIFFSTORE - i1r0,1,0 i2n0,1,1
        ZINCRBY - i1r0,1,0
        ZINTER - i1n0,1,1
        ZINTERCARD - i1n0,1,1
        ZINTERSTORE - i1r0,1,0 i2n0,1,1
        ZLEXCOUNT - i1r0,1,0
        ZMPOP - i1n0,1,1
        ZMSCORE m i1r0,1,0
        ZPOPMAX - i1r0,1,0
        ZPOPMIN - i1r0,1,0
        ZRANDMEMBER - i1r0,1,0
        ZRANGE - i1r0,1,0
        ZRANGEBYLEX - i1r0,1,0
        ZRANGEBYSCORE - i1r0,1,0
        ZRANGESTORE - i1r0,1,0 i2r0,1,0
        ZRANK r i1r0,1,0
        ZREM - i1r0,1,0
        ZREMRANGEBYLEX - i1r0,1,0
        ZREMRANGEBYRANK - i1r0,1,0
        ZREMRANGEBYSCORE - i1r0,1,0
        ZREVRANGE - i1r0,1,0
        ZREVRANGEBYLEX - i1r0,1,0
        ZREVRANGEBYSCORE - i1r0,1,0
        ZREVRANK r i1r0,1,0
        ZSCAN - i1r0,1,0
        ZSCORE r i1r0,1,0
        ZUNION - i1n0,1,1
        ZUNIONSTORE - i1r0,1,0 i2n0,1,1
        """
}
