//! Tables and columns of other people's databases: found by introspection, quoted here and nowhere else.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::Row;
use sqlx::mysql::MySqlRow;

use super::error::{MysqlError, code};
use super::pool::Mysql;

/// A column as the server describes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Column {
    /// As written.
    pub(super) name: String,
    /// Its type's word in lower case: `varchar`, `datetime`, `bigint`.
    pub(super) kind: String,
    /// How many characters a text column holds.
    pub(super) length: Option<u64>,
    /// The server numbers its rows.
    pub(super) numbered: bool,
}

impl Column {
    /// Holds text, as characters or as bytes.
    pub(super) fn is_text(&self) -> bool {
        ["char", "text", "binary", "blob", "enum"].iter().any(|word| self.kind.ends_with(word))
    }

    /// Holds whole numbers.
    pub(super) fn is_whole(&self) -> bool {
        self.kind.ends_with("int")
    }

    /// Holds numbers of any kind.
    pub(super) fn is_number(&self) -> bool {
        self.is_whole() || ["decimal", "float", "double"].contains(&self.kind.as_str())
    }
}

/// A table that exists, with its columns by their lower-case names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Table {
    schema: String,
    name: String,
    columns: BTreeMap<String, Column>,
    /// Lower-case names of the columns with which an index begins.
    indexed: BTreeSet<String>,
    /// Changes with the columns and their types.
    print: i64,
}

/// Back-quotes an identifier.
pub(super) fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

impl Table {
    /// `` `schema`.`table` ``
    pub(super) fn sql(&self) -> String {
        format!("{}.{}", quoted(&self.schema), quoted(&self.name))
    }

    /// The name alone, for sentences.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The column with one of these names.
    pub(super) fn described(&self, names: &[&str]) -> Option<&Column> {
        names.iter().find_map(|name| self.columns.get(*name))
    }

    /// The column with one of these names, quoted.
    pub(super) fn column(&self, names: &[&str]) -> Option<String> {
        self.described(names).map(|column| quoted(&column.name))
    }

    /// The column by which the server numbers the rows.
    pub(super) fn numbered(&self) -> Option<&Column> {
        self.columns.values().find(|column| column.numbered && column.is_whole())
    }

    /// Whether an index begins with this column.
    pub(super) fn is_indexed(&self, column: &Column) -> bool {
        self.indexed.contains(&column.name.to_lowercase())
    }

    /// Whether the server still describes it as when it was found.
    pub(super) async fn is_unchanged(&self, mysql: &Mysql) -> Result<bool, MysqlError> {
        Ok(print(mysql, &self.schema, &self.name).await? == self.print)
    }

    /// A column's text in UTF-8, NULL as the empty text; a missing column is always empty.
    pub(super) fn text(&self, names: &[&str]) -> String {
        self.column(names).map_or_else(
            || "CAST('' AS BINARY)".to_owned(),
            |column| format!("CAST(COALESCE(CONVERT({column} USING utf8mb4), '') AS BINARY)"),
        )
    }

    /// Which of these columns are missing; each is given by all its names, the usual one first.
    pub(super) fn require(&self, wanted: &[&[&str]]) -> Result<(), MysqlError> {
        let missing: Vec<String> = wanted
            .iter()
            .filter(|names| self.column(names).is_none())
            .map(|names| names[0].to_owned())
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        Err(MysqlError::MissingColumns { table: format!("{}.{}", self.schema, self.name), columns: missing })
    }
}

/// Finds a table: `configured` (`table` or `schema.table`), else the first of `usual` in the first of `schemas`.
pub(super) async fn find(
    mysql: &Mysql,
    configured: Option<&str>,
    usual: &[&str],
    key: &'static str,
) -> Result<Table, MysqlError> {
    let (schemas, names): (Vec<String>, Vec<String>) = match configured {
        Some(text) => match text.split_once('.') {
            Some((schema, table)) => (vec![schema.into()], vec![table.into()]),
            None => (mysql.schemas(), vec![text.into()]),
        },
        None => (mysql.schemas(), usual.iter().map(|name| (*name).to_owned()).collect()),
    };
    for schema in &schemas {
        for name in &names {
            if let Some(table) = look(mysql, schema, name).await? {
                return Ok(table);
            }
        }
    }
    Err(why_absent(mysql, &schemas, &names, key).await)
}

async fn look(mysql: &Mysql, schema: &str, name: &str) -> Result<Option<Table>, MysqlError> {
    let refused = |source| {
        MysqlError::of_statement("looking for its tables", "information_schema", mysql.user(), source)
    };
    let rows = sqlx::query(
        "SELECT CAST(table_schema AS BINARY), CAST(table_name AS BINARY), CAST(column_name AS BINARY),
                CAST(LOWER(data_type) AS BINARY), CAST(COALESCE(character_maximum_length, 0) AS BINARY),
                CAST(LOWER(extra) AS BINARY)
         FROM information_schema.columns WHERE table_schema = ? AND table_name = ?",
    )
    .bind(schema)
    .bind(name)
    .fetch_all(mysql.pool())
    .await
    .map_err(refused)?;
    let Some(first) = rows.first() else { return Ok(None) };
    let print = print(mysql, schema, name).await?;
    let described = |row: &MySqlRow| {
        let name = text(row, 2);
        let length = text(row, 4).parse().ok().filter(|length| *length > 0);
        let numbered = text(row, 5).contains("auto_increment");
        (name.to_lowercase(), Column { name, kind: text(row, 3), length, numbered })
    };
    let leading = sqlx::query(
        "SELECT CAST(LOWER(column_name) AS BINARY) FROM information_schema.statistics
         WHERE table_schema = ? AND table_name = ? AND seq_in_index = 1",
    )
    .bind(schema)
    .bind(name)
    .fetch_all(mysql.pool())
    .await
    .map_err(refused)?;
    Ok(Some(Table {
        schema: text(first, 0),
        name: text(first, 1),
        columns: rows.iter().map(described).collect(),
        indexed: leading.iter().map(|row| text(row, 0)).collect(),
        print,
    }))
}

/// A number that changes with a table's columns and their types; 0 where there is no table.
async fn print(mysql: &Mysql, schema: &str, name: &str) -> Result<i64, MysqlError> {
    sqlx::query_scalar(
        "SELECT CAST(COALESCE(SUM(CRC32(CONCAT_WS('|', column_name, column_type, extra))), 0) AS SIGNED)
         FROM information_schema.columns WHERE table_schema = ? AND table_name = ?",
    )
    .bind(schema)
    .bind(name)
    .fetch_one(mysql.pool())
    .await
    .map_err(|source| {
        MysqlError::of_statement("looking at its tables", "information_schema", mysql.user(), source)
    })
}

/// A column's bytes as text; what is no UTF-8 is replaced, never refused.
pub(super) fn text(row: &MySqlRow, at: usize) -> String {
    let bytes: Vec<u8> = row.try_get(at).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// `information_schema` hides what an account may not read: a probe tells a missing table from a missing right.
async fn why_absent(mysql: &Mysql, schemas: &[String], names: &[String], key: &'static str) -> MysqlError {
    let (schema, name) =
        (schemas.first().cloned().unwrap_or_default(), names.first().cloned().unwrap_or_default());
    let probe = format!("SELECT 1 FROM {}.{} LIMIT 0", quoted(&schema), quoted(&name));
    let probed = sqlx::query(sqlx::AssertSqlSafe(probe)).fetch_optional(mysql.pool()).await;
    match probed {
        Err(error) if matches!(code(&error), Some(1142 | 1143 | 1044)) => {
            MysqlError::NoPrivilege { table: format!("{schema}.{name}"), user: mysql.user().into() }
        }
        _ => MysqlError::NoTable { schema: schemas.join(" or "), table: names.join(" or "), key },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_quoted_with_doubled_quotes() {
        assert_eq!(quoted("a`b"), "`a``b`");
        let time = Column { name: "Time".into(), kind: "datetime".into(), ..Column::default() };
        let columns = BTreeMap::from([("time".to_owned(), time)]);
        let table =
            Table { schema: "s".into(), name: "t`".into(), columns, indexed: BTreeSet::new(), print: 0 };
        assert_eq!(table.sql(), "`s`.`t```");
        assert_eq!(table.column(&["time_id", "time"]).as_deref(), Some("`Time`"));
        let error =
            table.require(&[&["id"], &["time"], &["callid", "call_id"]]).expect_err("columns are missing");
        assert!(error.to_string().contains("id, callid"), "{error}");
    }
}
