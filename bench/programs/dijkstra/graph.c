/* The graph. */
#include "graph.h"
#include "../passes.h"
#include <stdlib.h>

static void *allocate(size_t count, size_t size) {
  void *made = calloc(count, size);
  if (made == NULL) abort();
  return made;
}

struct graph graph_new(uint32_t width, uint32_t height, uint32_t seed) {
  uint32_t nodes = width * height;
  struct graph made = {nodes, allocate(nodes + 1, sizeof(uint32_t)), allocate((size_t)nodes * 5, sizeof(struct edge))};
  uint32_t used = 0;
  for (uint32_t node = 0; node < nodes; node++) {
    made.first[node] = used;
    uint32_t column = node % width, ways[5], count = 0;
    if (column > 0) ways[count++] = node - 1;
    if (column + 1 < width) ways[count++] = node + 1;
    if (node >= width) ways[count++] = node - width;
    if (node + width < nodes) ways[count++] = node + width;
    if (next_random(&seed) % 8 == 0) ways[count++] = next_random(&seed) % nodes;
    for (uint32_t way = 0; way < count; way++)
      made.edges[used++] = (struct edge){ways[way], 1 + next_random(&seed) % 1000};
  }
  made.first[nodes] = used;
  return made;
}

uint32_t graph_degree(const struct graph *graph, uint32_t node) { return graph->first[node + 1] - graph->first[node]; }

struct edge graph_edge(const struct graph *graph, uint32_t node, uint32_t number) {
  return graph->edges[graph->first[node] + number];
}
