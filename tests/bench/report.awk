# The rows of measure.sh as Markdown tables: medians over the rounds; the ratio to the floor is taken within each round
# and then the median of those, because the machine drifts between rounds more than within one. Disturbed windows count
# only where there is no other.

BEGIN { FS = "\t" }

{
  key = $1 SUBSEP $3 SUBSEP $4
  if (!($1 in case_seen)) { case_seen[$1] = 1; cases[++case_count] = $1 }
  if (!(($1, $3) in proxy_seen)) { proxy_seen[$1, $3] = 1; proxies[$1] = proxies[$1] " " $3 }
  count[key]++
  for (i = 5; i <= NF; i++) cell[key, count[key], i] = $i
  cpu_in_round[$1, $2, $3, $4] = $7
  if ($2 > rounds) rounds = $2
  if ($4 == "idle" || $17 <= 10) {
    calm[key]++
    calm_row[key, count[key]] = calm_round[$1, $2, $3, $4] = 1
  } else {
    disturbed[$1] = disturbed[$1] sprintf(" %s/%s in round %d (%d %%)", $3, $4, $2, $17)
  }
}

function median_of(list, n,    i, j, swap) {
  if (n == 0) return ""
  for (i = 2; i <= n; i++)
    for (j = i; j > 1 && list[j - 1] > list[j]; j--) { swap = list[j]; list[j] = list[j - 1]; list[j - 1] = swap }
  return n % 2 ? list[(n + 1) / 2] : (list[n / 2] + list[n / 2 + 1]) / 2
}

function median(name, proxy, load, column,    key, list, n, i) {
  key = name SUBSEP proxy SUBSEP load
  for (i = 1; i <= count[key]; i++)
    if (!calm[key] || (key, i) in calm_row) list[++n] = cell[key, i, column] + 0
  return median_of(list, n)
}

function total(name, proxy, load, column,    key, sum, i) {
  key = name SUBSEP proxy SUBSEP load
  for (i = 1; i <= count[key]; i++) sum += cell[key, i, column]
  return sum + 0
}

function ratios(name, proxy, load, only_calm, list,    n, r, floor_cpu) {
  for (r = 1; r <= rounds; r++) {
    if (only_calm && !((name, r, "floor", load) in calm_round && (name, r, proxy, load) in calm_round)) continue
    floor_cpu = cpu_in_round[name, r, "floor", load]
    if (floor_cpu > 0 && (name, r, proxy, load) in cpu_in_round)
      list[++n] = cpu_in_round[name, r, proxy, load] / floor_cpu
  }
  return n + 0
}

function ratio(name, proxy, load,    list, n) {
  n = ratios(name, proxy, load, 1, list)
  if (n == 0) n = ratios(name, proxy, load, 0, list)
  return n ? sprintf("%.2f", median_of(list, n)) : "n/a"
}

function request_table(name,    list, n, i, p) {
  printf "| proxy | CPU µs per request | × floor | requests/s | p50 µs | p99 µs | core busy |"
  printf " at fixed rate: CPU µs | × floor | p50 µs | p99 µs | RSS MiB | v2 | mirrored | errors |\n"
  print "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|"
  n = split(proxies[name], list, " ")
  for (i = 1; i <= n; i++) {
    p = list[i]
    printf "| %s | %.2f | %s | %.0f | %.0f | %.0f | %.0f %% |", p, median(name, p, "saturation", 7),
           ratio(name, p, "saturation"), median(name, p, "saturation", 8), median(name, p, "saturation", 9),
           median(name, p, "saturation", 10), median(name, p, "saturation", 11)
    printf " %.2f | %s | %.0f | %.0f | %.1f | %.1f %% | %.1f %% | %d |\n", median(name, p, "fixed", 7),
           ratio(name, p, "fixed"), median(name, p, "fixed", 9), median(name, p, "fixed", 10),
           median(name, p, "saturation", 12) / 1024, median(name, p, "saturation", 13),
           median(name, p, "saturation", 14), total(name, p, "saturation", 6) + total(name, p, "fixed", 6)
  }
}

function sse_table(name,    list, n, i, p) {
  print "| proxy | CPU µs per event | × floor | events/s | delay p50 µs | delay p99 µs | core busy | RSS MiB | errors |"
  print "|---|--:|--:|--:|--:|--:|--:|--:|--:|"
  n = split(proxies[name], list, " ")
  for (i = 1; i <= n; i++) {
    p = list[i]
    printf "| %s | %.2f | %s | %.0f | %.0f | %.0f | %.0f %% | %.1f | %d |\n", p, median(name, p, "sse", 7),
           ratio(name, p, "sse"), median(name, p, "sse", 8), median(name, p, "sse", 9), median(name, p, "sse", 10),
           median(name, p, "sse", 11), median(name, p, "sse", 12) / 1024, total(name, p, "sse", 6)
  }
}

function idle_table(name,    list, n, i, p) {
  print "| proxy | clients | RSS MiB | bytes per client | bytes per further client | lost |"
  print "|---|--:|--:|--:|--:|--:|"
  n = split(proxies[name], list, " ")
  for (i = 1; i <= n; i++) {
    p = list[i]
    printf "| %s | %d | %.1f | %.0f | %.0f | %d |\n", p, median(name, p, "idle", 5),
           median(name, p, "idle", 12) / 1024, median(name, p, "idle", 15), median(name, p, "idle", 16),
           total(name, p, "idle", 6)
  }
}

END {
  for (c = 1; c <= case_count; c++) {
    name = cases[c]
    printf "\n### %s\n\n", name
    if (name == "sse") sse_table(name)
    else if (name == "idle") idle_table(name)
    else request_table(name)
    if (name in disturbed) printf "\nDisturbed, other work on a core:%s.\n", disturbed[name]
  }
}
