/* Dijkstra's way. */
#include "graph.h"

void shortest_paths(const struct graph *graph, uint32_t from, uint64_t *distances, struct heap *heap) {
  for (uint32_t node = 0; node < graph->nodes; node++) distances[node] = UINT64_MAX;
  distances[from] = 0;
  heap_push(heap, (struct item){0, from});
  while (heap->count > 0) {
    struct item next = heap_pop(heap);
    if (next.distance != distances[next.node]) continue;
    uint32_t degree = graph_degree(graph, next.node);
    for (uint32_t number = 0; number < degree; number++) {
      struct edge edge = graph_edge(graph, next.node, number);
      uint64_t distance = next.distance + edge.weight;
      if (distance >= distances[edge.to]) continue;
      distances[edge.to] = distance;
      heap_push(heap, (struct item){distance, edge.to});
    }
  }
}
