/** Link to the older part of a list; `query` keeps the filter. Nothing when there is no more. */
export const Pager = (props: { path: string; query: Readonly<Record<string, string>>; before: string | null }) => {
  if (props.before === null) return null;
  const search = new URLSearchParams({ ...props.query, before: props.before });
  return (
    <div class="card-foot">
      <a class="btn small" href={`${props.path}?${search}`} rel="next">
        Older
      </a>
      {props.query.before ? (
        <a class="btn small quiet" href={props.path}>
          Back to the newest
        </a>
      ) : null}
    </div>
  );
};
