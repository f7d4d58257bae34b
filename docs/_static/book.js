// Paper is light, also where the page is dark.
{
  const { dataset } = document.documentElement;
  let onScreen;
  addEventListener("beforeprint", () => {
    onScreen = dataset.theme;
    dataset.theme = "light";
  });
  addEventListener("afterprint", () => (dataset.theme = onScreen));
}
