/** Answers that use everything. */

export const SHORT =
  "It **splits** the rows by key, *applies* a function to each group and combines the results; it is slow when that function is Python called once per group (`apply`).";

export const ANSWER = `## What \`groupby\` does

It works in three steps, known as *split, apply, combine*:

1. **Split** the rows by the values of a key.
2. **Apply** a function to each group:
   - an aggregation such as \`sum\` or \`mean\`
   - a transformation that keeps the shape
3. **Combine** the results into one table.

\`\`\`python
import pandas as pd

@cache
def totals(frame: pd.DataFrame, key: str = "region") -> pd.Series:
    """Sum of sales by key."""
    rows = frame[frame["sales"] > 1_000]   # small ones do not count
    return rows.groupby(key)["sales"].sum().sort_values(ascending=False)
\`\`\`

> Passing the *name* of an aggregation lets pandas use its compiled version.

| way | rows per second | note |
|:----|----------------:|:----:|
| \`.sum()\` | 48,000,000 | compiled |
| \`.agg(lambda g: g.sum())\` | 310,000 | one call per group |
| \`.apply(f)\` | 95,000 | avoid |

For $n$ rows the cost is about $O(n \\log n)$ if the keys must be sorted; a price of $5 is no math. See the [user guide](https://pandas.pydata.org/docs/user_guide/groupby.html) and ![a chart](https://charts.example/split.png).

- [x] measured
- [ ] written down

---

Raw HTML stays text: <b onclick="alert(1)">bold?</b>
`;
