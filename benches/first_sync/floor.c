/* The floor under the first synchronisation: what the same rows cost when hardly anything is done with them.
 *
 * Streams five columns of queue_log through libmariadb, splits talk by the clock hour, counts by hour, and writes the sums into
 * SQLite in one transaction. It keeps no row, folds no visit, knows no time zone and trusts every row: less cannot be done.
 *
 * floor PORT USER PASSWORD FILE -> one line: wall seconds, CPU seconds, peak MB, rows, answered, talk seconds, cells. */
#include <mariadb/mysql.h>
#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

typedef struct { uint64_t key; uint32_t offered, answered, lost, talk; } cell;

static cell *cells;
static size_t mask, used;
static char *names[65536];
static size_t known;

static void die(const char *why) { fprintf(stderr, "floor: %s\n", why); exit(1); }

static cell *slot(cell *in, size_t in_mask, uint64_t key) {
    size_t at = (key * 0x9E3779B97F4A7C15ull >> 20) & in_mask;
    while (in[at].key && in[at].key != key) at = (at + 1) & in_mask;
    return in + at;
}

static cell *find(uint64_t key) {
    if (used * 2 > mask) {
        size_t wider = mask * 2 + 1;
        cell *more = calloc(wider + 1, sizeof *more);
        if (!more) die("no memory");
        for (size_t at = 0; at <= mask; at++)
            if (cells[at].key) *slot(more, wider, cells[at].key) = cells[at];
        free(cells);
        cells = more;
        mask = wider;
    }
    cell *found = slot(cells, mask, key);
    if (!found->key) { found->key = key; used++; }
    return found;
}

/* Names are few: open addressing over their text. */
static uint64_t number(const char *text, size_t length) {
    uint32_t hash = 2166136261u;
    for (size_t at = 0; at < length; at++) hash = (hash ^ (unsigned char)text[at]) * 16777619u;
    size_t at = hash & 65535;
    while (names[at] && (strncmp(names[at], text, length) || names[at][length])) at = (at + 1) & 65535;
    if (!names[at]) {
        if (++known > 60000) die("too many names");
        names[at] = strndup(text, length);
    }
    return at;
}

static int two(const char *text) { return (text[0] - '0') * 10 + text[1] - '0'; }

static int64_t second_of(const char *text) {
    static char day[11];
    static int64_t midnight;
    if (memcmp(text, day, 10)) {
        int year = two(text) * 100 + two(text + 2), month = two(text + 5);
        memcpy(day, text, 10);
        year -= month <= 2;
        int era = year / 400, of_era = year - era * 400;
        int of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + two(text + 8) - 1;
        midnight = ((int64_t)era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468) * 86400;
    }
    return midnight + two(text + 11) * 3600 + two(text + 14) * 60 + two(text + 17);
}

static uint64_t key_of(uint64_t queue, uint64_t agent, int64_t at) {
    return (1ull << 63) | queue << 47 | agent << 31 | (uint64_t)(at / 3600);
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

int main(int count, char **words) {
    if (count != 5) die("wants PORT USER PASSWORD FILE");
    double began = now();
    mask = 65535;
    cells = calloc(mask + 1, sizeof *cells);
    MYSQL *mysql = mysql_init(NULL);
    if (!mysql_real_connect(mysql, "127.0.0.1", words[2], words[3], "asterisk", atoi(words[1]), NULL, 0))
        die(mysql_error(mysql));
    if (mysql_query(mysql, "SELECT time, queuename, agent, event, IF(event LIKE '%TRANSFER', data4, data2) FROM queue_log"
                           " ORDER BY id"))
        die(mysql_error(mysql));
    MYSQL_RES *result = mysql_use_result(mysql);
    uint64_t rows = 0, answered = 0, talk = 0, nobody = number("", 0);
    for (MYSQL_ROW row; (row = mysql_fetch_row(result)); rows++) {
        unsigned long *lengths = mysql_fetch_lengths(result);
        const char *event = row[3];
        int64_t at = second_of(row[0]);
        uint64_t queue = number(row[1], lengths[1]);
        if (!strcmp(event, "ENTERQUEUE")) {
            find(key_of(queue, nobody, at))->offered++;
        } else if (!strcmp(event, "CONNECT")) {
            find(key_of(queue, number(row[2], lengths[2]), at))->answered++;
            answered++;
        } else if (!strcmp(event, "ABANDON") || !strcmp(event, "EXITWITHTIMEOUT")) {
            find(key_of(queue, nobody, at))->lost++;
        } else if (!strncmp(event, "COMPLETE", 8) || strstr(event, "TRANSFER")) {
            uint64_t agent = number(row[2], lengths[2]);
            int64_t seconds = atoll(row[4]), start = at - seconds;
            talk += seconds;
            while (start < at) {
                int64_t until = (start / 3600 + 1) * 3600;
                if (until > at) until = at;
                find(key_of(queue, agent, start))->talk += until - start;
                start = until;
            }
        }
    }
    if (mysql_errno(mysql)) die(mysql_error(mysql));
    sqlite3 *db;
    sqlite3_stmt *insert;
    if (sqlite3_open(words[4], &db)
        || sqlite3_exec(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE cell (hour INTEGER, queue TEXT,"
                            " agent TEXT, offered, answered, lost, talk, PRIMARY KEY (hour, queue, agent)) WITHOUT ROWID; BEGIN",
                        NULL, NULL, NULL)
        || sqlite3_prepare_v2(db, "INSERT INTO cell VALUES (?, ?, ?, ?, ?, ?, ?)", -1, &insert, NULL))
        die(sqlite3_errmsg(db));
    for (size_t at = 0; at <= mask; at++) {
        cell *one = cells + at;
        if (!one->key) continue;
        sqlite3_bind_int64(insert, 1, one->key & 0x7FFFFFFF);
        sqlite3_bind_text(insert, 2, names[one->key >> 47 & 65535], -1, SQLITE_STATIC);
        sqlite3_bind_text(insert, 3, names[one->key >> 31 & 65535], -1, SQLITE_STATIC);
        uint32_t sums[] = {one->offered, one->answered, one->lost, one->talk};
        for (int which = 0; which < 4; which++) sqlite3_bind_int64(insert, 4 + which, sums[which]);
        if (sqlite3_step(insert) != SQLITE_DONE) die(sqlite3_errmsg(db));
        sqlite3_reset(insert);
    }
    sqlite3_finalize(insert);
    if (sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) || sqlite3_close(db)) die("cannot write");
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    double cpu = usage.ru_utime.tv_sec + usage.ru_stime.tv_sec + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
    printf("%.3f %.3f %.1f %llu %llu %llu %zu\n", now() - began, cpu, usage.ru_maxrss / 1024.0, (unsigned long long)rows,
           (unsigned long long)answered, (unsigned long long)talk, used);
    return 0;
}
